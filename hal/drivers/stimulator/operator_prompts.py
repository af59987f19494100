"""A stimulator whose operator is asked and answers: prompts, answers, and what they tell."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hal.device import Device, ReadBackMismatch, Refused
from hal.roles import OperatorPrompt, PromptKind, PulseDelivered, StimulatorStatus


class OperatorPrompts(Device):
    """The `hal.roles.OperatorDriven` part of a stimulator. `model` is what the device file calls it.

    A command publishes an `OperatorPrompt` and completes when the operator answers it. Commands come one at a time.
    """

    role = "stimulator"

    def __init__(self, name: str, now_ns: Callable[[], int], model: str) -> None:
        super().__init__(name, now_ns)
        self._prompt: OperatorPrompt | None = None
        self._answer: asyncio.Future[int | None] | None = None
        self._status = StimulatorStatus(
            mono_ns=now_ns(),
            enabled=None,
            amplitude_pct_mso=None,
            train_running=None,
            temperature_c=None,
            coil_type=None,
            model=model,
            serial_number=None,
            source="operator",
        )

    @property
    def prompt(self) -> OperatorPrompt | None:
        """The prompt that waits for an answer."""
        return self._prompt

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

    # what the operator says

    def operator_reads_back(self, amplitude_pct_mso: int) -> None:
        """The display shows this amplitude (%MSO)."""
        self._tell(amplitude_pct_mso=amplitude_pct_mso)
        self._settle("amplitude", amplitude_pct_mso)

    def operator_confirms(self, shown: int | None = None) -> None:
        """What the present prompt asks (enable, train set up) is done; `shown` are the pulses on the display."""
        self._settle("enable")
        self._settle("train", shown)

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
            self._end_prompt(Declined("the operator did not do it", device=self.name, remedy="try again"))

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


class Declined(Refused):
    """The operator said that the prompt's action was not done."""
