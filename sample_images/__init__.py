"""Captures that anyone can inspect at once, with their truth."""
