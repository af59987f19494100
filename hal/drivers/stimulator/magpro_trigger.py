"""The MagPro under an external trigger: who paces it is written only while it is disabled, believed when read back.

Recalled and not tried on hardware: that Timing Control "External trigger" (message 0B, which one public driver knows)
gives one stimulus for each pulse at the trigger input; that message 02 reports such a pulse like any other, which its
drivers say, and that it does so at 50 Hz too, which none says; what the trigger input does under another control. So
pulses are counted by their reports and the device's own counter, and never taken from the number of triggers sent.
"""

import asyncio

from hal.device import NoAnswer, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import Page, TimingControl
from hal.drivers.stimulator.magpro_conversation import ASK_AGAIN_S
from hal.drivers.stimulator.magpro_state import paced_by
from hal.drivers.stimulator.magpro_waveform import READ_BACKS, MagProWaveform

_BY_HAND = "set Timing Control on the stimulator's own screen, or use a stimulator that tells it"


class MagProTrigger(MagProWaveform):
    """`following`: its trigger input paces it because we set it so, until the next stop; `set_by_us` until put back."""

    set_by_us = False

    async def follow_trigger(self, follow: bool) -> None:
        """Have the trigger input pace it, one pulse each, read back; False puts the Sequence back that this replaced.

        What somebody else has set is left alone by False. Raises `Refused` while it is enabled, for bursts, for a mode
        other than Standard and when it tells another control than was set; `NoAnswer` when it tells none.
        """
        async with self.turn():
            self.following = False
            if not follow:
                if self.set_by_us:
                    await self._pace(TimingControl.SEQUENCE)
                    self.set_by_us = False
                return
            if why := self.account.unsupported():
                raise Refused(why, device=self.name, remedy="set it to Standard mode with single pulses")
            await self._pace(TimingControl.EXTERNAL_TRIGGER)
            self.following = True

    async def _pace(self, control: TimingControl) -> None:
        told = await self._timing()
        if paced_by(told.control) == control:
            return
        if self.account.enabled is not False:
            what = "what paces it is only changed while it is disabled"
            raise Refused(what, device=self.name, remedy="stop it first")
        await self.achieve(commands.show_page(Page.TIMING), page_told, int(Page.TIMING), "page")
        self.set_by_us = True
        train = told.rate_tenth_hz, told.pulses, told.trains, told.inter_train_tenth_s
        self.say(commands.set_timing(control, *train, told.beep))
        for _ in range(READ_BACKS):
            told = await self._timing()
            if paced_by(told.control) == control:
                return
            await asyncio.sleep(ASK_AGAIN_S)
        what = "its trigger input" if control is TimingControl.EXTERNAL_TRIGGER else "its own sequence"
        raise Refused(f"it is not paced by {what} although told so", device=self.name, remedy=_BY_HAND)

    async def _timing(self) -> wire.TimingReport:
        for _ in range(READ_BACKS):
            report = await self.ask_for(wire.TimingReport, commands.READ_TIMING)
            if report is not None:
                return report
        raise NoAnswer("the stimulator does not tell what paces it", device=self.name, remedy=_BY_HAND)


def page_told(message: wire.Message) -> int | None:
    """The page that a message tells."""
    return message.page if isinstance(message, wire.PageReport | wire.LongStatus) else None
