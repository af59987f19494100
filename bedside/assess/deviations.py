"""When two forms of one participant may not be compared as they stand, in words for the record."""

from bedside.config import Scale


def examiner_deviation(scale: Scale, earlier_examiner: str, now_examiner: str) -> str:
    """Words for a protocol deviation when a scale that needs the same examiner gets another; empty otherwise."""
    raise NotImplementedError
