"""What a Magstim said of itself so far, and whether it may be armed or fired. Pure."""

from dataclasses import dataclass, replace

from hal.device import Attention, NoAnswer, Refused
from hal.drivers.stimulator import magstim_messages as wire
from hal.drivers.stimulator.magstim_codec import Reply
from hal.drivers.stimulator.magstim_limits import MAX_COIL_C

CHECK_UNIT = "look at the stimulator's screen for a message, then try again"


@dataclass(frozen=True, slots=True)
class Account:
    """The latest value of everything a reply has told; None where none has told it since the link opened."""

    version: int | None = None
    version_text: str = ""
    instrument: wire.Instrument | None = None
    rapid: wire.RapidBits | None = None
    settings: wire.RapidSettings | None = None
    pair: wire.PairSettings | None = None
    temperatures: wire.Temperatures | None = None
    mode: str = ""
    error_code: str = ""

    def after(self, reply: Reply, version: int) -> "Account":
        """The account once `reply` was heard; `version` decides the layout of settings. A refusal tells no state."""
        if reply.refusal:
            return self
        told = self
        if reply.instrument is not None:
            bits = wire.Instrument(reply.instrument)
            told = replace(told, instrument=bits, error_code=told.error_code if bits.error else "")
        if reply.rapid is not None:
            told = replace(told, rapid=wire.RapidBits(reply.rapid))
        match reply.letter:
            case "N":
                text = reply.data.decode("ascii").strip()
                return replace(told, version=wire.major_version(text), version_text=text)
            case "\\":
                return replace(told, settings=wire.rapid_settings(reply, version))
            case "J":
                return replace(told, pair=wire.pair_settings(reply))
            case "F":
                return replace(told, temperatures=wire.temperatures(reply))
            case "X":
                return replace(told, mode=reply.data.decode("latin-1"))
            case "I":
                return replace(told, error_code=reply.data.decode("latin-1").strip())
        return told

    @property
    def power_pct(self) -> int | None:
        """Power as the device repeats it (%MSO)."""
        if self.settings is not None:
            return self.settings.power_pct
        return None if self.pair is None else self.pair.power_pct

    @property
    def armed(self) -> bool | None:
        """Armed or ready."""
        return None if self.instrument is None else self.instrument.armed

    @property
    def ready(self) -> bool:
        """Charged."""
        return self.instrument is not None and self.instrument.ready

    @property
    def remote(self) -> bool | None:
        """Whether remote control is active."""
        return None if self.instrument is None else self.instrument.remote

    @property
    def running(self) -> bool | None:
        """Whether a train is running; None where the model does not tell."""
        return None if self.rapid is None else self.rapid.train

    @property
    def coil_c(self) -> float | None:
        """The hotter winding (C)."""
        return None if self.temperatures is None else self.temperatures.highest_c

    def fault(self) -> Attention | None:
        """Why the coil must not be charged; None when nothing speaks against it."""
        if self.instrument is None:
            return None
        if self.instrument.error:
            code = f" {self.error_code}" if self.error_code else ""
            return Attention(f"the stimulator reports error{code}", "read the code on its screen, follow its manual")
        if not self.instrument.coil:
            return Attention("no coil is connected", "plug the coil in until its connector locks")
        if self.coil_c is not None and self.coil_c >= MAX_COIL_C:
            return Attention(
                f"the coil is at {self.coil_c:g} C, {MAX_COIL_C:g} C is the limit", "let the coil cool, or change it"
            )
        return None

    def worn(self) -> Attention | None:
        """That the stimulator asks for another coil."""
        worn = self.instrument is not None and self.instrument.replace_coil
        return Attention("the coil is worn out", "replace the coil") if worn else None


def check_can_arm(account: Account, *, two_channels: bool = False) -> None:
    """Raise `Refused` or `NoAnswer` unless a working coil of known, low temperature hangs on an idle device.

    `two_channels`: a BiStim, whose second channel must be at 0. It must not be another unit's slave (mode Q to T).
    """
    if account.instrument is None or account.power_pct is None:
        raise NoAnswer("the stimulator has not told its state yet", remedy="check its cable and power")
    if account.coil_c is None:
        raise NoAnswer("the coil's temperature is not known", remedy="check the coil's connector")
    if why := account.fault() or account.worn():
        raise Refused(why.what, remedy=why.remedy)
    if account.running:
        raise Refused("a train is running", remedy="stop it first")
    if two_channels and account.pair is not None and account.pair.power_b_pct:
        raise Refused(
            f"channel B is at {account.pair.power_b_pct} %: there would be a second pulse",
            remedy="set the power of channel B to 0 on the stimulator",
        )
    if account.mode and account.mode in "QRST":
        raise Refused("this unit is the slave of a BiStim", remedy="connect the cable to the master unit")


def check_can_fire(account: Account) -> None:
    """Raise `Refused` unless the device is under remote control, armed, charged and idle."""
    if why := account.fault():
        raise Refused(why.what, remedy=why.remedy)
    if not account.remote:
        raise Refused("the stimulator is not under remote control", remedy="arm it again")
    if not account.armed:
        raise Refused("the stimulator is disarmed", remedy="arm it first")
    if account.running or (account.rapid is not None and account.rapid.wait):
        raise Refused("a train is running, or the pause after it", remedy="wait for its end, or stop it")
    if not account.ready:
        raise Refused("the stimulator is still charging", remedy="wait a moment")
