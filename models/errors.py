"""What can be wrong with a model."""


class ModelError(ValueError):
    """A model that cannot be used: its weights, its card or what it was given; the message names which and why."""
