"""Emergency-stop buttons and foot switches on lines of their own.

A button is wired fail-safe: open, cut, unreadable and unheard all count as pressed. This is one more way to stop the
pulses; it is not the machine's own emergency stop.
"""

from bedside.events import SwitchChanged
from bedside.visit.inputs import Now
from bedside.visit.state import Visit
from hal.roles import ContactState


def buttons(state: Visit) -> tuple[str, ...]:
    """The configured emergency-stop buttons, by device name."""
    return tuple(
        device.id
        for device in state.setup.devices.values()
        if device.role == "contact" and device.options.get("use") == "emergency_stop"
    )


def stop_problem(state: Visit, _now: Now) -> str | None:
    """Why an emergency-stop button forbids pulses."""
    for name in buttons(state):
        heard, device = state.live.switches.get(name), state.live.devices.get(name)
        if heard is None:
            return f"{name} has not been heard"
        if device is not None and device.health.state != "ok":
            return f"{name}: {device.health.error or device.health.state}"
        if heard.active is not False:
            return f"{name} is pressed, or its line is open"
    return None


def changed(state: Visit, device: str, reading: ContactState) -> SwitchChanged | None:
    """The event for a reading that differs from the last journalled one; None when it does not."""
    event = SwitchChanged(device=device, use=reading.use, active=reading.active)
    return None if state.switches.get(device) == event else event
