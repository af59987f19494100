"""Single pulses or bursts: the MagPro's waveform, written only while it is disabled, believed only when read back.

The write is not acknowledged (NeuroSimo's author: wait 0.3 s, then read back). What the device does with a write while
it is enabled is not known, so it never gets one. Not tried on hardware.
"""

import asyncio
from typing import NamedTuple

from hal.device import NoAnswer, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import Mode, Waveform, model_name
from hal.drivers.stimulator.magpro_conversation import CHECK_CABLE, MagProConversation
from hal.drivers.stimulator.magpro_limits import check_bursts

SETTLE_S = 0.3
"""From a waveform's write until it can be read back (NeuroSimo)."""
READ_BACKS = 4
"""Attempts at reading a setting back."""
_BY_HAND = "set the waveform on the stimulator's own screen, or use another stimulator"


class Burst(NamedTuple):
    """Pulses in a burst and the time between their onsets (s)."""

    pulses: int
    inter_pulse_s: float


class MagProWaveform(MagProConversation):
    """What each stimulus is. `wanted_burst` None: one pulse."""

    wanted_burst: Burst | None = None
    _replaced: Waveform | None = None

    async def set_bursts(self, pulses: int, inter_pulse_s: float) -> None:
        """Make each stimulus a burst, read back; 1 pulse puts back the waveform that our bursts replaced.

        Bursts that somebody else has set stay as they are: whatever gives pulses refuses then. Raises `Refused` for a
        burst outside the model's limits, while the device is enabled, and when it tells another waveform than set.
        """
        burst = Burst(pulses, inter_pulse_s) if pulses > 1 else None
        if burst is not None:
            with self.named():
                check_bursts(*burst, self.account.model)
        async with self.turn():
            await self.use(burst)

    async def use(self, burst: Burst | None) -> None:
        """As `set_bursts`, within a command that has its turn."""
        self.wanted_burst = None
        if burst is None:
            if self.account.bursting and self._replaced is not None:
                await self._write(self._replaced, Burst(2, 0.02))
                self._replaced = None
            return
        if self.account.flags is not None and self.account.flags.mode is not Mode.STANDARD:
            raise Refused(self.account.unsupported(), device=self.name, remedy="set it to Standard mode")
        if not await self.tells(burst):
            if self.account.flags is not None and not self.account.bursting:
                self._replaced = self.account.flags.waveform
            await self._write(Waveform.BIPHASIC_BURST, burst)
        self.wanted_burst = burst

    async def tells(self, burst: Burst) -> bool:
        """Whether the device, asked now, tells these bursts; raises `NoAnswer` when it tells nothing."""
        block = await self._block()
        return self.account.bursting and _is(block, burst)

    async def _block(self) -> wire.WaveformReport:
        block = await self.ask_for(wire.WaveformReport, commands.READ_WAVEFORM)
        if block is None:
            raise NoAnswer("the stimulator does not tell its waveform", device=self.name, remedy=CHECK_CABLE)
        return block

    async def _write(self, waveform: Waveform, burst: Burst) -> None:
        block, model = await self._block(), self.account.model
        if self.account.enabled is not False or model is None:
            raise Refused("the waveform is only changed while it is disabled", device=self.name, remedy="stop it first")
        # The model is the one of the status: an R30 puts garbage into the block.
        self.say(
            commands.set_waveform(
                model=model,
                mode=Mode.STANDARD,
                direction=block.direction,
                waveform=waveform,
                burst_pulses=burst.pulses,
                interval_ms=burst.inter_pulse_s * 1000,
                ratio=1.0,
            )
        )
        await asyncio.sleep(SETTLE_S)
        for _ in range(READ_BACKS):
            status = await self.ask_for(wire.LongStatus, commands.LONG_STATUS)
            block = await self._block()
            taken = status is not None and status.flags.waveform is waveform and status.flags.mode is Mode.STANDARD
            if taken and (waveform is not Waveform.BIPHASIC_BURST or _is(block, burst)):
                return
        what = "bursts" if waveform is Waveform.BIPHASIC_BURST else "single pulses"
        raise Refused(f"{model_name(model)} did not take {what}", device=self.name, remedy=_BY_HAND)


def _is(block: wire.WaveformReport, burst: Burst) -> bool:
    interval_ms = block.burst_interval_ms
    same = interval_ms is not None and abs(interval_ms - burst.inter_pulse_s * 1000) < 1e-6
    return block.mode == Mode.STANDARD and block.burst_pulses == burst.pulses and same
