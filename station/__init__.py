"""The shell: devices, capture, the one function that inspects a piece, settings, the command line."""
