"""Recognising a Magstim, holding its remote control, and the keepalive that never pauses."""

import logging
import os
from asyncio import get_running_loop, sleep
from itertools import cycle

from hal.device import HalError, NoAnswer, Refused
from hal.drivers.stimulator import magstim_commands as commands
from hal.drivers.stimulator.magstim_options import CHECK_CABLE, TITLES
from hal.drivers.stimulator.magstim_unlock import read_unlock_code
from hal.drivers.stimulator.magstim_wire import MagstimWire

logger = logging.getLogger(__name__)

GREETINGS = 4
"""Questions that may stay unanswered before nobody is there."""
LOOKS = 3
"""Replies in which granted remote control must show itself."""


class MagstimConversation(MagstimWire):
    """A greeted device whose remote control is held while the station wants it."""

    _unlock_code = ""

    async def hold_remote(self) -> None:
        """Have remote control, and keep it from now on; raises `Refused`, `NoAnswer` or `SetupError`."""
        self.wants_remote = True
        if not self.account.remote:
            await self._take_remote()

    async def talk(self) -> None:
        """Greet, then ask for ever, at most `poll_s` after the last question: this is what keeps remote control."""
        loop = get_running_loop()
        await self._greet()
        for query in cycle(self._polls()):
            await self.ask(query)
            if self.account.remote is False and self.wants_remote:
                await self._retake_remote()
            if self.account.instrument is not None and self.account.instrument.error and not self.account.error_code:
                await self._ask_error_code()
            await sleep(max(0.0, self.spoke_s + self.options.poll_s - loop.time()))

    def _polls(self) -> tuple[bytes, ...]:
        if self.needs_unlock:
            status = commands.SYSTEM_STATUS
            return (status, self.settings_query, status, commands.TEMPERATURE)
        return (self.settings_query, commands.TEMPERATURE)

    # the beginning

    async def _greet(self) -> None:
        """Recognise the device and take remote control; raises what is wrong, in the words of its cause."""
        query = commands.VERSION if self.is_rapid else self.settings_query
        for _ in range(GREETINGS):
            reply = await self.ask(query)
            if reply is not None and not reply.refusal:
                break
        else:
            raise self._nobody()
        if self.needs_unlock:
            self._unlock_code = read_unlock_code(self.options.unlock_credential, os.environ)
        self.wants_remote = True
        await self._take_remote()
        self.greeted = True
        if self.options.model == "bistim2":
            await self.ask(commands.BISTIM_MODE)
        await self.ask(self.settings_query)
        await self.ask(commands.TEMPERATURE)

    def _nobody(self) -> HalError:
        if self.anything_heard:
            what = f"something answers, but not as a {TITLES[self.options.model]} does"
            return NoAnswer(what, device=self.name, remedy="correct the port or the model in the device file")
        return NoAnswer("nothing answers on this port", device=self.name, remedy=CHECK_CABLE)

    async def _take_remote(self) -> None:
        body = commands.remote_on(self._unlock_code) if self.needs_unlock else commands.REMOTE_ON
        reply = await self.ask(body)
        if reply is None:
            raise NoAnswer("no answer when asked for remote control", device=self.name, remedy=CHECK_CABLE)
        for _ in range(LOOKS):
            if reply is not None and not reply.refusal and self.account.remote:
                return
            if reply is not None and reply.refusal:
                break
            # The reply to the request itself may still tell the state before it.
            reply = await self.ask(self.settings_query)
        if self.needs_unlock:
            remedy = (
                "compare the unlock code with the one Magstim gave for this stimulator's serial number; "
                "leave out the checksum character that may stand at its end"
            )
            raise Refused("the stimulator does not accept the unlock code", device=self.name, remedy=remedy)
        why = f" ({reply.refusal})" if reply is not None and reply.refusal else ""
        remedy = "end what its own screen is doing; a Rapid with software 9 or later needs model and unlock code set"
        raise Refused(f"the stimulator does not grant remote control{why}", device=self.name, remedy=remedy)

    async def _retake_remote(self) -> None:
        """The device took control back (it has disarmed then); have it again, or say once why not."""
        try:
            await self._take_remote()
        except (Refused, NoAnswer) as error:
            if self.halted != error.args[0]:
                logger.warning("%s", error)
            self.halted = error.args[0]

    async def _ask_error_code(self) -> None:
        if self.is_rapid:
            await self.ask(commands.ERROR_CODE)
