"""Beds at points that take a while to reach, made once."""

from dataclasses import replace
from functools import cache

from bedside.events import StepId
from tests.helpers.bed import Bed


@cache
def _ready(step: StepId) -> Bed:
    return Bed().begin().to(step)


def bed_at(step: StepId) -> Bed:
    """A bed of its own at a step."""
    ready = _ready(step)
    bed = Bed(setup=ready.setup)
    bed.state, bed.journal, bed.now_ns = ready.state, list(ready.journal), ready.now_ns
    bed.stim, bed.robot = replace(ready.stim, fails=set(), swallow=set()), ready.robot
    bed.last_status_ns = ready.last_status_ns
    return bed
