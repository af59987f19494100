"""A stimulator without a wire: the program says what to do, the therapist does it and says what the display shows."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hal.device import Health, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Refused
from hal.drivers.stimulator.operator_prompts import Declined, OperatorPrompts
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import (
    StimulatorCapabilities,
    Train,
    TrainPrepared,
)


@dataclass(frozen=True, slots=True)
class ManualStimulatorOptions:
    """Options of a device file. `off_answer_s`: how long "off" waits for the operator's word (real seconds)."""

    model: str = "stimulator worked by hand"
    max_rate_hz: float = 1.0
    off_answer_s: float = 10.0


class ManualStimulator(OperatorPrompts):
    """A `hal.roles.Stimulator` and `hal.roles.OperatorDriven`: every value in its readings is the operator's word.

    A command publishes an `OperatorPrompt` and completes when the operator answers it. Commands come one at a time.
    """

    address = "manual"
    off_bytes = b""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.options = parse_options(ManualStimulatorOptions, options or {}, device=name)
        super().__init__(name, now_ns, self.options.model)

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """By hand, and blind: no read-back, count or temperature of the device's own."""
        return StimulatorCapabilities("manual", False, False, False, self.options.max_rate_hz, self.options.model)

    def fileno(self) -> None:
        """No wire, no descriptor."""

    async def open(self) -> None:
        """There is nothing to connect to; a stop that was asked for before anybody listened is asked for again."""
        self.set_health(Health("ok", self.now_ns()))
        if self._prompt is not None:
            self.publish(self._prompt)

    async def close(self) -> None:
        """End the present prompt: nobody will hear its answer."""
        self._end_prompt(Refused("the station is closing", device=self.name, remedy="stop the stimulator by hand"))
        self.set_health(Health("closed", self.now_ns()))

    # commands

    async def enable(self) -> None:
        """Ask to enable the stimulator. From the question on it may be enabled, whether that is confirmed or not."""
        if self._prompt is None:
            self._tell(enabled=None)
        await self._ask("enable", "Enable the stimulator, then confirm")
        self._tell(enabled=True)

    async def fire(self) -> None:
        """Ask for one pulse; `PulseNotDelivered` when the operator declines."""
        try:
            await self._ask("fire", "Give one pulse, then confirm that it was given")
        except Declined as error:
            raise PulseNotDelivered("the operator gave no pulse", device=self.name, remedy="try again") from error

    async def prepare_train(self, train: Train) -> None:
        """Ask to set up the train and for the pulses on the display; any other number is a `ReadBackMismatch`."""
        gap = f", {train.inter_train_s:g} s between trains" if train.trains > 1 else ""
        each = "pulses"
        if train.burst_pulses > 1:
            each = f"bursts of {train.burst_pulses} pulses, {train.inter_pulse_s * 1000:g} ms apart,"
        numbers = f"{train.trains} x {train.pulses} {each} at {train.rate_hz:g} Hz{gap}"
        text = f"Set up {numbers} on the stimulator, compare its display, and type how many it shows in all"
        shown = await self._ask("train", text, train.total)
        if shown != train.total:
            raise ReadBackMismatch(
                f"the train should have {train.total} in all, the operator reads {shown}",
                device=self.name,
                remedy="set the train up again and type its display",
            )
        self.publish(TrainPrepared(self.now_ns(), train, read_back=False, source="operator"))

    async def start_train(self) -> None:
        """Ask to start the train and to say so at that moment."""
        await self._ask("start", "Start the train on the stimulator and confirm at the same moment")

    async def off(self) -> None:
        """Ask to stop and disable; `OffNotConfirmed` when the operator declines or stays silent."""
        self.off_now()
        answer = self._answer
        if answer is None:
            return
        await asyncio.wait((answer,), timeout=self.options.off_answer_s)
        if not answer.done() or answer.cancelled() or answer.exception() is not None:
            raise OffNotConfirmed(
                "told to stop, and the operator has not confirmed it",
                device=self.name,
                remedy="take the coil away from the patient, switch the stimulator off, then confirm",
            )

    def off_now(self) -> None:
        """Show the stop prompt at once, over any other; nothing when the operator has said that all is off."""
        if self._prompt is not None and self._prompt.kind == "off":
            return
        self._end_prompt(Refused("stopped before this was done", device=self.name, remedy="start it again"))
        if self._status.enabled is False and self._status.train_running is False:
            return
        self._begin_prompt("off", "STOP the stimulator: disable it now, then confirm", None)

    async def read_counter(self) -> None:
        """Nothing can be asked."""
