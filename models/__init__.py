"""Trained ONNX models, each beside its card, and the one file that runs them."""
