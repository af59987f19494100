"""The days on which an assessment is due, and whether today is one of them."""

from datetime import date, timedelta

from bedside.config.assessments import AssessmentPoint


def window(point: AssessmentPoint, first_session: str | None, last_session: str | None) -> tuple[str, str] | None:
    """First and last day (ISO dates) on which `point` is due; None while its anchor is not known.

    `first_session` and `last_session` are the days of the first and the latest treatment, None before there was one.
    """
    anchor = first_session if point.anchor == "first_session" else last_session
    if anchor is None:
        return None
    day = date.fromisoformat(anchor) + timedelta(days=point.day)
    return (day - timedelta(days=point.early)).isoformat(), (day + timedelta(days=point.late)).isoformat()


def deviation(point: AssessmentPoint, due: tuple[str, str] | None, today: str) -> str:
    """How `today` (ISO date) misses the days the point was `due`, in words; empty when it does not."""
    if due is None:
        return ""
    first, last = (date.fromisoformat(day) for day in due)
    now = date.fromisoformat(today)
    days = f"{first}" if first == last else f"{first} to {last}"
    if now < first:
        return f"{point.id} is {(first - now).days} day(s) early: it is due {days}"
    if now > last:
        return f"{point.id} is {(now - last).days} day(s) late: it was due {days}"
    return ""
