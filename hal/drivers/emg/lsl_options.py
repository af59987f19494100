"""What is configured of an LSL stream, and whether what the stream says of itself agrees with it."""

from dataclasses import dataclass

from hal.device import Refused
from hal.drivers.emg.emg_blocks import ChannelOption, check_channels, check_one_of
from hal.drivers.emg.lsl_units import UNITS, uv_per_unit
from hal.links.lsl import LslStream

CORRECT_FILE = "correct the device file, or the settings of the program that sends the stream"


@dataclass(frozen=True, slots=True)
class LslEmgOptions:
    """Options of a device file; `input` counts the stream's channels from 1.

    `unit` is asked for where the stream names none. The trigger is either channel `trigger_channel` (0: none), high
    from `trigger_level` in the stream's own unit on, or the stream with source id `markers`, of whose texts those equal
    to `marker_text` count (all, where it is empty). `rail_uv` is where the amplifier saturates (0: not known).
    """

    channels: tuple[ChannelOption, ...]
    rate_hz: float = 2000.0
    unit: str = ""
    trigger_channel: int = 0
    trigger_level: float = 0.5
    markers: str = ""
    marker_text: str = ""
    rail_uv: int = 0

    def __post_init__(self) -> None:
        check_channels(self.channels, 1024)
        check_one_of("unit", self.unit, ("", *UNITS))
        if not 50 <= self.rate_hz <= 100_000:
            raise ValueError("rate_hz must be 50 to 100000")
        if self.trigger_channel < 0 or self.rail_uv < 0:
            raise ValueError("trigger_channel and rail_uv must not be negative")
        if self.trigger_channel and self.markers:
            raise ValueError("either trigger_channel or markers, not both")

    @property
    def last_channel(self) -> int:
        """The highest channel of the stream that is needed."""
        return max(self.trigger_channel, *(channel.input for channel in self.channels))


def checked_uv_per_unit(stream: LslStream, options: LslEmgOptions) -> float:
    """Microvolts of one of the stream's units; raises `Refused` for a stream that is not the configured one."""
    if stream.text or stream.channels < options.last_channel:
        raise Refused(
            f"the stream has {stream.channels} channels, {options.last_channel} are configured", remedy=CORRECT_FILE
        )
    if stream.rate_hz != options.rate_hz:
        told_hz = f"{stream.rate_hz:g} Hz" if stream.rate_hz else "no rate"
        raise Refused(f"the stream says {told_hz}, the device file {options.rate_hz:g} Hz", remedy=CORRECT_FILE)
    units = {stream.units[channel.input - 1].strip() for channel in options.channels} if stream.units else set()
    if len(units) > 1:
        raise Refused(f"the channels have different units: {', '.join(sorted(units))}", remedy=CORRECT_FILE)
    unit = next(iter(units), "") or options.unit
    uv = uv_per_unit(unit)
    if uv is None:
        what = f"the stream's unit is {unit!r}" if unit else "the stream does not name its unit"
        raise Refused(what, remedy=CORRECT_FILE)
    if options.unit and uv != uv_per_unit(options.unit):
        raise Refused(f"the stream's unit is {unit}, the device file says {options.unit}", remedy=CORRECT_FILE)
    return uv
