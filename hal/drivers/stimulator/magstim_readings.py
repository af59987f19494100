"""What the station is told of a Magstim: its status, and standing remarks in a therapist's words. Pure."""

from hal.device import Attention
from hal.drivers.stimulator.magstim_state import Account
from hal.roles import StimulatorStatus

_NOT_COUNTED = "it reports no single pulse: pulses of a train are counted by its running time"
_RTS_HIGH = "Request To Send is not kept low, it may be wired to the trigger: write ?rts=low behind the address"
_PANEL = Attention("remote control is not held: the front panel works", "end what its own screen is doing")


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


def attention_to(account: Account) -> tuple[Attention, ...]:
    """What keeps it from being armed."""
    panel = _PANEL if account.remote is False else None
    return tuple(part for part in (account.fault(), account.worn(), panel) if part is not None)


def remarks(address: str, halted: str) -> tuple[str, ...]:
    """What a device screen should say besides; `halted` is why a course was ended, "" if none was."""
    rts_high = address.startswith("serial:") and "rts=low" not in address
    return tuple(note for note in (_NOT_COUNTED, _RTS_HIGH if rts_high else "", halted) if note)
