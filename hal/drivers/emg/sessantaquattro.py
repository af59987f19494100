"""OT Bioelettronica Sessantaquattro+: wireless EMG for the walking patient; the amplifier connects to us over TCP.

It is set, asked for its settings, and only started when it has told them. Nothing acknowledges the start: data simply
come. It is stopped before the connection closes, or it hangs. Its ramp shows lost samples. The stimulator's trigger
goes into an AUX input, so that pulse and response share one clock. Not tried on hardware: see `sessantaquattro_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hal.device import NoAnswer
from hal.drivers.emg.emg_blocks import MEP_RATE_HZ, BlockMaker, ChannelOption, check_channels, check_one_of
from hal.drivers.emg.emg_device import EMG_PATIENCE, NO_COUNTER, USE_KNOWING, EmgDevice
from hal.drivers.emg.sampled import EdgeDetector, LossDetector
from hal.drivers.emg.sessantaquattro_codec import (
    AUX_CHANNELS,
    CHANNELS,
    GAIN_CODES,
    RAMP_MODULUS,
    RATES_HZ,
    SETTINGS_BYTES,
    SampleStream,
    Settings,
)
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options

STOP_S = 0.1
"""Real time left for the stop command to arrive before the connection closes."""
ANSWER_S = 1.0
EMG_MODES = ("monopolar", "bipolar", "differential")


@dataclass(frozen=True, slots=True)
class SessantaquattroOptions:
    """Options of a device file. `trigger_aux` is the AUX input (1, 2) with the stimulator's trigger, 0 for none.

    `trigger_counts` is where the line counts as high, in counts of 16 bit: half of what a pulse shows. The scale of the
    AUX inputs is not public.
    """

    channels: tuple[ChannelOption, ...]
    rate_hz: int = 2000
    device_channels: int = 16
    mode: str = "bipolar"
    bits: Literal[16, 24] = 16
    high_pass: bool = True
    gain: str = "default"
    trigger_aux: int = 1
    trigger_counts: int = 8000
    block_ms: float = 20.0

    def __post_init__(self) -> None:
        check_one_of("rate_hz", self.rate_hz, RATES_HZ)
        check_one_of("device_channels", self.device_channels, CHANNELS)
        check_one_of("mode", self.mode, EMG_MODES)
        check_one_of("gain", self.gain, tuple(GAIN_CODES))
        check_channels(self.channels, self.settings.inputs)
        if not 0 <= self.trigger_aux <= AUX_CHANNELS or not 100 <= self.trigger_counts <= 30_000:
            raise ValueError(f"trigger_aux must be 0 to {AUX_CHANNELS}, trigger_counts 100 to 30000")
        if not 1 <= self.block_ms <= 500:
            raise ValueError("block_ms must be 1 to 500")

    @property
    def settings(self) -> Settings:
        """What the device is told."""
        return Settings(self.rate_hz, self.device_channels, self.mode, self.bits, self.high_pass, self.gain)


class Sessantaquattro(EmgDevice):
    """A `hal.roles.EmgAmplifier`."""

    silent_remedy = "check that the amplifier is on, charged and in reach of the wireless network"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = EMG_PATIENCE,
    ) -> None:
        self.options = parse_options(SessantaquattroOptions, options or {}, device=name)
        self._settings = self.options.settings
        blocks = BlockMaker(self._settings.uv_per_count, float(self.options.rate_hz))
        super().__init__(name, now_ns, link, patience, self.options.channels, blocks)
        self._contradicted = False
        self._restart()

    @property
    def rail_counts(self) -> int:  # type: ignore[override]
        """The count at which the converter saturates."""
        return self._settings.rail_counts

    @property
    def suits_meps(self) -> bool:
        """Whether the rate resolves an evoked potential, a trigger is wired and the settings told are those asked."""
        return self.rate_hz >= MEP_RATE_HZ and self.options.trigger_aux > 0 and not self._contradicted

    def on_link_up(self) -> None:
        """Forget what was half received."""
        super().on_link_up()
        self._restart()

    async def talk(self) -> None:
        """Set, ask for the settings, start when they were told; raises `NoAnswer`."""
        self.link.write(self._settings.command(go=False))
        self.link.write(self._settings.query())
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._told.wait()
        except TimeoutError:
            raise NoAnswer("it does not tell its settings", remedy="switch the amplifier off and on again") from None
        self.link.write(self._settings.command(go=True))
        await super().talk()

    async def goodbye(self) -> None:
        """Stop before the connection closes: the amplifier hangs otherwise."""
        self.link.write(self._settings.command(go=False))
        await asyncio.sleep(STOP_S)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire: first the settings, then samples, published once a block's worth has come."""
        self._waiting += data
        if not self._told.is_set():
            if len(self._waiting) < SETTINGS_BYTES:
                return
            self._take_settings(bytes(self._waiting[:SETTINGS_BYTES]))
            del self._waiting[:SETTINGS_BYTES]
        if len(self._waiting) >= self._block_bytes:
            self._publish(bytes(self._waiting))
            self._waiting.clear()

    def _restart(self) -> None:
        settings = self._settings
        self._stream = SampleStream(settings.columns, settings.bits)
        self._losses = LossDetector(RAMP_MODULUS)
        self._edges = EdgeDetector(self.options.trigger_counts << (settings.bits - 16))
        self._block_bytes = round(self.options.block_ms * self.rate_hz / 1000) * settings.columns * settings.bits // 8
        self._told = asyncio.Event()
        self._waiting = bytearray()

    def _take_settings(self, told: bytes) -> None:
        self._contradicted = not self._settings.agrees(told)
        self._told.set()

    def _publish(self, data: bytes) -> None:
        samples = self._stream.feed(data)
        if not len(samples):
            return
        gaps = self._losses.feed(samples[:, -1])
        aux = self.options.trigger_aux
        rises = self._edges.feed(samples[:, self._settings.aux_column(aux)]) if aux else []
        self.deliver(samples, gaps, rises)
        if self._losses.stuck:
            self.doubt(NO_COUNTER, USE_KNOWING)
        if self._contradicted:
            self.doubt("it tells other settings than those asked for", "switch the amplifier off and on again")
