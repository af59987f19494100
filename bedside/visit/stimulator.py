"""Why the stimulator is not as it was asked to be: link, enabled, amplitude, train, reports, coil."""

from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit

STILL_S = 3.0
LOWERED_S = 1.5
"""A lower intensity in a running train is read back within so many real seconds."""
STATUS_S = 1.0
"""A train of several parts stands still between them for its interval (visit time) and a status' delay (real s)."""
LATE_S = 0.25
"""How late (real s) a first report may be without making a pattern, whose stimuli are close, look cut short."""


def link(state: Visit, now: Now) -> str | None:
    """Why the stimulator's own account cannot be relied on."""
    device = state.setup.devices.get("stimulator")
    if device is None:
        return "no stimulator is configured"
    gone = lost(state, "stimulator")
    if gone is not None or not device.telemetry:
        return gone
    if state.live.status is None:
        return "the stimulator has not been heard"
    age_s = (now.mono_ns - state.live.status_ns) / NS
    limit_s = state.setup.limits.fresh.status_s * state.setup.speed
    return f"the stimulator was last heard {age_s:.1f} s ago" if age_s > limit_s else None


def lost(state: Visit, role: str) -> str | None:
    """Why the device of a role cannot be reached; None while all of that role can."""
    for name, device in state.live.devices.items():
        if device.role == role and device.health.state != "ok":
            return f"{name}: {device.health.error or device.health.state}"
    return None


def elsewhere(state: Visit, _: Now) -> str | None:
    """It says that it is enabled, after it was off, and nobody armed it from here."""
    status, off_ns = state.live.status, state.off_ns
    if status is None or status.enabled is not True or state.armed or state.chain is not None:
        return None
    if not state.off_confirmed or (off_ns is not None and state.live.status_ns <= off_ns):
        return None
    return "the stimulator says that it is enabled, and nobody armed it from here"


def enabled(state: Visit, _: Now) -> str | None:
    """An armed stimulator says that it is disabled."""
    status = state.live.status
    if not state.armed or state.busy or status is None or status.enabled is not False:
        return None
    return "the stimulator was disabled at its front panel"


def read_back(state: Visit, _: Now) -> str | None:
    """An armed stimulator shows another amplitude than the one asked for."""
    status, asked = state.live.status, state.asked_pct_mso
    if not state.armed or state.busy or status is None or status.amplitude_pct_mso is None:
        return None
    if asked is None or status.amplitude_pct_mso == asked or _is_being_lowered(state, asked):
        return None
    return f"the stimulator shows {status.amplitude_pct_mso} %MSO, {asked} %MSO was asked"


def _is_being_lowered(state: Visit, asked_pct_mso: int) -> bool:
    """A triggered train goes on while its intensity is lowered: the read-back follows within a moment."""
    train, status = state.course.train, state.live.status
    if train is None or not train.triggered or status is None or (status.amplitude_pct_mso or 0) < asked_pct_mso:
        return False
    return (state.live.now_ns - state.asked_ns) / NS <= LOWERED_S * state.setup.speed


def train(state: Visit, _: Now) -> str | None:
    """A train that the stimulator times is not running any more, well before its end."""
    status, train = state.live.status, state.course.train
    if train is None or train.triggered or not state.course.running or state.busy or status is None:
        return None
    if stopped_ns(state) is not None:
        return "the train was stopped at the stimulator"
    if status.train_running is not False or not train.reported or state.live.status_ns <= train.first_ns:
        return None
    done_s = train.length_s
    ran_s = (state.live.now_ns - train.first_ns) / NS
    slack_s = 2.0 / train.rate_hz + (LATE_S * state.setup.speed if train.pattern is not None else 0.0)
    if ran_s >= done_s - slack_s:
        return None
    # one that is triggered from here cannot be stopped there
    by_trigger = "the triggers of the train ended early: its device says why"
    return by_trigger if status.source == "trigger" else "the train was stopped at the stimulator"


def stopped_ns(state: Visit) -> int | None:
    """Since when a train whose pulses nobody reports has stood still, longer than between two trains; else None."""
    train, device, still_ns = state.course.train, state.setup.devices.get("stimulator"), state.live.still_ns
    if train is None or device is None or device.counts_pulses or state.train_running_ns < train.asked_ns:
        return None
    begun_ns = state.train_running_ns
    if still_ns <= begun_ns or still_ns >= begun_ns + round(train.length_s * NS):
        return None
    longest_s = STILL_S + STATUS_S * state.setup.speed
    return still_ns if (state.live.now_ns - still_ns) / NS > longest_s else None


def silence(state: Visit, now: Now) -> str | None:
    """A running train's pulses are not reported."""
    train, device = state.course.train, state.setup.devices.get("stimulator")
    if train is None or not state.course.running or train.reported >= train.pulses:
        return None
    if device is None or not device.counts_pulses:
        return None
    heard_ns = max(train.last_ns, train.asked_ns, state.train_running_ns)
    if not train.reported and state.train_running_ns < train.asked_ns:
        return None
    limit_s = 2.5 / train.rate_hz + state.setup.limits.fresh.silence_s * state.setup.speed
    if train.reported and train.pattern is not None:
        heard_s = (train.last_ns - train.first_ns) / NS
        limit_s += train.next_s(heard_s) - heard_s
    over = train.first_ns + round(train.length_s * NS) if train.reported else None
    if over is not None and now.mono_ns >= over - round(NS / train.rate_hz):
        return None
    waited_s = (now.mono_ns - heard_ns) / NS
    return f"no pulse was reported for {waited_s:.1f} s" if waited_s > limit_s else None


def heat(state: Visit, _: Now) -> str | None:
    """The coil is too warm; after a pause for heat it has to cool further before pulses go on."""
    heat, status = state.setup.limits.coil, state.live.status
    if status is None or status.temperature_c is None:
        return None
    cooling = state.course.pause is not None and state.course.pause.cause == "coil_heat"
    limit_c = heat.resume_c if cooling else heat.pause_c
    return None if status.temperature_c < limit_c else f"the coil is at {status.temperature_c:g} C"


def coil(state: Visit, _: Now) -> str | None:
    """The coil is none of the device file's."""
    device = state.setup.devices.get("stimulator")
    coils = device.coils if device is not None else ()
    code = state.live.status.coil_type if state.live.status is not None else None
    if not code:
        return (
            None if any(device and coil.id == device.coil for coil in coils) else "no coil is named in the device file"
        )
    return (
        None if any(coil.code == code for coil in coils) else f"the stimulator reports coil type {code}, unknown here"
    )
