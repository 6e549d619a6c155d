"""From pixels to millimetres, and how sure."""
