"""The virtual lightbox, data sets, training, evaluation and export (an optional extra)."""
