"""What the station is told of a Magstim: its status, and standing remarks in a therapist's words. Pure."""

from hal.drivers.magstim_state import Account
from hal.roles import StimulatorStatus

_NOT_COUNTED = "it reports no single pulse: pulses of a train are counted by its running time"
_RTS_HIGH = "Request To Send is not kept low, it may be wired to the trigger: write ?rts=low behind the address"
_PANEL = "remote control is not held: the front panel works"


def status_of(account: Account, title: str, mono_ns: int) -> StimulatorStatus:
    """The stimulator's own account of itself. It tells neither coil type nor serial number."""
    page = ""
    if account.rapid is not None:
        page = "single pulse" if account.rapid.single_pulse else "repetitive"
    return StimulatorStatus(
        mono_ns=mono_ns,
        enabled=account.armed,
        amplitude_pct_mso=account.power_pct,
        train_running=account.running,
        temperature_c=account.coil_c,
        coil_type=None,
        model=title,
        serial_number=None,
        page=page,
    )


def remarks(account: Account, address: str, halted: str) -> tuple[str, ...]:
    """What a device screen should say beside the link's health; `halted` is why a course was ended, "" if none was."""
    notes = [_NOT_COUNTED]
    if address.startswith("serial:") and "rts=low" not in address:
        notes.append(_RTS_HIGH)
    if account.remote is False:
        notes.append(_PANEL)
    if account.instrument is not None and account.instrument.replace_coil:
        notes.append("the coil is worn out")
    return (*notes, *(text for text in dict.fromkeys((account.fault(), halted)) if text))
