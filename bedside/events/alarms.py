"""Alarms: raised, cleared, silenced."""

from bedside.events.base import Event, Priority


class AlarmRaised(Event, frozen=True, kw_only=True, tag="alarm.raised"):
    """An alarm's condition began to hold."""

    alarm: str
    priority: Priority
    text: str
    remedy: str


class AlarmCleared(Event, frozen=True, kw_only=True, tag="alarm.cleared"):
    """An alarm's condition no longer holds."""

    alarm: str


class AlarmSilenced(Event, frozen=True, kw_only=True, tag="alarm.silenced"):
    """Sound off for this occurrence for `seconds`; the light stays."""

    alarm: str
    seconds: int
