"""A gauge study that cannot be evaluated."""


class GaugeStudyError(ValueError):
    """Readings that are no such study: too few, unbalanced, all equal; the message says which and what is needed."""
