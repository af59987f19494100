"""A stimulator without a wire: the program says what to do, the therapist does it and says what the display shows."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hal.device import Device, Health, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Refused
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import (
    OperatorPrompt,
    PromptKind,
    PulseDelivered,
    StimulatorCapabilities,
    StimulatorStatus,
    Train,
    TrainPrepared,
)


@dataclass(frozen=True, slots=True)
class ManualStimulatorOptions:
    """Options of a device file. `off_answer_s`: how long "off" waits for the operator's word (real seconds)."""

    model: str = "stimulator worked by hand"
    max_rate_hz: float = 1.0
    off_answer_s: float = 10.0


class ManualStimulator(Device):
    """A `hal.roles.Stimulator` and `hal.roles.OperatorDriven`: every value in its readings is the operator's word.

    A command publishes an `OperatorPrompt` and completes when the operator answers it. Commands come one at a time.
    """

    role = "stimulator"
    address = "manual"
    off_bytes = b""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, now_ns)
        self.options = parse_options(ManualStimulatorOptions, options or {}, device=name)
        self._prompt: OperatorPrompt | None = None
        self._answer: asyncio.Future[int | None] | None = None
        self._status = StimulatorStatus(
            mono_ns=now_ns(),
            enabled=None,
            amplitude_pct_mso=None,
            train_running=None,
            temperature_c=None,
            coil_type=None,
            model=self.options.model,
            serial_number=None,
            source="operator",
        )

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """By hand, and blind: no read-back, count or temperature of the device's own."""
        return StimulatorCapabilities("manual", False, False, False, self.options.max_rate_hz, self.options.model)

    @property
    def prompt(self) -> OperatorPrompt | None:
        """The prompt that waits for an answer."""
        return self._prompt

    def fileno(self) -> None:
        """No wire, no descriptor."""

    async def open(self) -> None:
        """There is nothing to connect to."""
        self.set_health(Health("ok", self.now_ns()))

    async def close(self) -> None:
        """End the present prompt: nobody will hear its answer."""
        self._end_prompt(Refused("the station is closing", device=self.name, remedy="stop the stimulator by hand"))
        self.set_health(Health("closed", self.now_ns()))

    # commands

    async def set_amplitude(self, amplitude_pct_mso: int) -> None:
        """Ask for the amplitude (%MSO) and its read-back; any other value is a `ReadBackMismatch`.

        Raises `Refused` outside 0 to 100 % and when the operator declines or is still asked something.
        """
        if not 0 <= amplitude_pct_mso <= 100:
            raise Refused(f"amplitude {amplitude_pct_mso} % is outside 0 to 100 %", device=self.name)
        text = f"Set the stimulator to {amplitude_pct_mso} % and type what its display shows"
        shown = await self._ask("amplitude", text, amplitude_pct_mso)
        if shown != amplitude_pct_mso:
            raise ReadBackMismatch(
                f"amplitude should be {amplitude_pct_mso} %, the operator reads {shown} %",
                device=self.name,
                remedy="set the stimulator and type its display again",
            )

    async def enable(self) -> None:
        """Ask to enable the stimulator."""
        await self._ask("enable", "Enable the stimulator, then confirm")
        self._tell(enabled=True)

    async def fire(self) -> None:
        """Ask for one pulse; `PulseNotDelivered` when the operator declines."""
        try:
            await self._ask("fire", "Give one pulse, then confirm that it was given")
        except _Declined as error:
            raise PulseNotDelivered("the operator gave no pulse", device=self.name, remedy="try again") from error

    async def prepare_train(self, train: Train) -> None:
        """Ask to set up the train; nothing but the operator's word confirms it."""
        gap = f", {train.inter_train_s:g} s between trains" if train.trains > 1 else ""
        numbers = f"{train.trains} x {train.pulses} pulses at {train.rate_hz:g} Hz{gap}"
        await self._ask("train", f"Set up {numbers} on the stimulator, compare its display, then confirm", train.total)
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

    # what the operator says

    def operator_reads_back(self, amplitude_pct_mso: int) -> None:
        """The display shows this amplitude (%MSO)."""
        self._tell(amplitude_pct_mso=amplitude_pct_mso)
        self._settle("amplitude", amplitude_pct_mso)

    def operator_confirms(self) -> None:
        """What the present prompt asks (enable, train set up) is done."""
        self._settle("enable")
        self._settle("train")

    def operator_started(self) -> None:
        """The train has been started."""
        self._tell(enabled=True, train_running=True)
        self._settle("start")

    def operator_stopped(self) -> None:
        """The stimulator is stopped and disabled; whatever else was asked ends here."""
        self._tell(enabled=False, train_running=False)
        self._settle("off")
        self._end_prompt(Refused("the operator stopped the stimulator", device=self.name, remedy="start it again"))

    def operator_pulse(self) -> None:
        """One pulse has been given."""
        amplitude = self._status.amplitude_pct_mso
        self.publish(PulseDelivered(self.now_ns(), None, amplitude, source="operator"))
        self._settle("fire")

    def operator_declines(self) -> None:
        """What the present prompt asks was not done. A stop prompt stays until the operator confirms it."""
        if self._prompt is not None and self._prompt.kind != "off":
            self._end_prompt(_Declined("the operator did not do it", device=self.name, remedy="try again"))

    # prompts

    async def _ask(self, kind: PromptKind, text: str, expected: int | None = None) -> int | None:
        if self._prompt is not None:
            raise Refused(f"the operator is still asked: {self._prompt.text}", device=self.name)
        answer = self._begin_prompt(kind, text, expected)
        try:
            return await answer
        finally:
            if self._answer is answer:
                self._end_prompt(None)

    def _begin_prompt(self, kind: PromptKind, text: str, expected: int | None) -> "asyncio.Future[int | None]":
        self._prompt = OperatorPrompt(self.now_ns(), kind, text, expected)
        answer = self._answer = asyncio.get_running_loop().create_future()
        self.publish(self._prompt)
        return answer

    def _settle(self, kind: PromptKind, value: int | None = None) -> None:
        if self._prompt is None or self._prompt.kind != kind or self._answer is None:
            return
        if not self._answer.done():
            self._answer.set_result(value)
        self._end_prompt(None)

    def _end_prompt(self, error: Refused | None) -> None:
        prompt, self._prompt = self._prompt, None
        answer, self._answer = self._answer, None
        if prompt is None:
            return
        if answer is not None and not answer.done():
            if error is None or prompt.kind == "off":
                answer.cancel()
            else:
                answer.set_exception(error)
        self.publish(replace(prompt, mono_ns=self.now_ns(), text="", expected=None))

    def _tell(self, **told: Any) -> None:
        self._status = replace(self._status, mono_ns=self.now_ns(), **told)
        self.publish(self._status)


class _Declined(Refused):
    """The operator said that the prompt's action was not done."""
