"""An operator's answer counts for the prompt it was given to."""

import asyncio
import time

import pytest

from bedside.commands import ConfirmPrompt
from bedside.station.executive import confirm
from bedside.visit.rules import Refusal
from hal.device import Refused
from hal.drivers.stimulator.manual_stimulator import ManualStimulator
from tests.helpers.far_ends import until


async def test_an_answer_to_a_prompt_that_a_stop_has_replaced_confirms_nothing() -> None:
    stimulator = ManualStimulator("stimulator", time.monotonic_ns, None, {})
    await stimulator.open()
    setting = asyncio.create_task(stimulator.set_amplitude(40))
    await until(lambda: stimulator.prompt is not None)
    stimulator.off_now()
    assert stimulator.prompt is not None
    assert stimulator.prompt.kind == "off"
    with pytest.raises(Refusal, match="nothing waits for this answer"):
        confirm(stimulator, ConfirmPrompt(prompt="amplitude", value=40))
    assert stimulator.prompt.kind == "off", "nobody has confirmed that it is off"
    confirm(stimulator, ConfirmPrompt(prompt="off"))
    assert stimulator.prompt is None
    with pytest.raises(Refused, match="stopped before this was done"):
        await setting
    await stimulator.close()
