"""Numbers as text."""


def number_text(value: float, digits: int = 4) -> str:
    """A number at `digits` decimals without trailing zeros: 5.860 is "5.86", 6.0 is "6", -0.0 is "0"."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
