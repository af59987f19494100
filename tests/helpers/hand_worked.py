"""Stimulators that no program reads: simulated hands at the panel of one, and what it truly gave.

`Hands.next_command` takes the place of the scripted therapist's own rule: a prompt is carried out at the panel first,
and answered after.
"""

import asyncio
from dataclasses import dataclass, field

from bedside.commands import AnyCommand, ConfirmPrompt
from bedside.demo import therapist
from bedside.demo.therapist import Script
from bedside.snapshot import Prompt, Snapshot
from hal.sim.stimulator.trigger_device import Panel
from hal.sim.world import SimulatedWorld

NAP_S = 0.002
plain = therapist.next_command


class Machine:
    """A stimulator worked by hand: amplitude, enabled, a button for one pulse and one for a train of 1 Hz.

    `given` are the simulated times (s) of its pulses; they reach the patient of `world`.
    """

    def __init__(self, world: SimulatedWorld) -> None:
        self.amplitude_pct_mso = 0
        self.enabled = False
        self.given: list[float] = []
        self._world = world
        self._left = 0
        self._next_s = 0.0
        self._running: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """A train is being given."""
        return self._running is not None and not self._running.done()

    def fire(self) -> None:
        """The button on the coil; nothing while disabled."""
        if self.enabled:
            at_s = self._world.clock.now_s()
            self.given.append(at_s)
            self._world._pulse_elsewhere(at_s, self.amplitude_pct_mso)

    def start(self, pulses: int) -> None:
        """Start a train; nothing while disabled."""
        if self.enabled:
            self._running = asyncio.create_task(self._train(pulses))

    def disable(self) -> None:
        """Stop everything."""
        self.enabled = False
        if self._running is not None:
            self._running.cancel()

    async def _train(self, pulses: int) -> None:
        clock = self._world.clock
        begun_s = clock.now_s()
        for number in range(pulses):
            while (left_s := begun_s + number - clock.now_s()) > 0:
                await asyncio.sleep(min(NAP_S, clock.real_s(left_s)))
            self.fire()


@dataclass
class Hands:
    """Who works the machine. `holds` names kinds of prompts that are left standing, `types` wrong numbers to type once.

    `hasty` names prompts that are carried out and not answered. `asked` lists every prompt that was seen, in order.
    """

    machine: Machine | Panel
    holds: set[str] = field(default_factory=set)
    hasty: set[str] = field(default_factory=set)
    types: dict[str, int] = field(default_factory=dict)
    asked: list[Prompt] = field(default_factory=list)
    _standing: Prompt | None = None
    _done: bool = False
    _train: int = 0

    def next_command(self, picture: Snapshot, script: Script) -> AnyCommand | None:
        """The answer to the present prompt, once its work is done; else what a therapist does anyway."""
        prompt = picture.prompt
        if prompt is None or not picture.user:
            self._standing = None
            return plain(picture, script)
        if self._standing != prompt:
            self.asked.append(prompt)
            self._standing, self._done = prompt, False
        if prompt.id in self.holds:
            return None
        if not self._done:
            self._done = True
            self._work(prompt)
        if prompt.id in self.hasty:
            return None
        return ConfirmPrompt(prompt=prompt.id, value=self.types.pop(prompt.id, prompt.expects))

    def _work(self, prompt: Prompt) -> None:
        match prompt.id:
            case "amplitude":
                self.machine.amplitude_pct_mso = prompt.expects or 0
            case "enable":
                self.machine.enabled = True
            case "fire":
                self.machine.fire()
            case "train":
                self._train = prompt.expects or 0
            case "start" if isinstance(self.machine, Machine):
                self.machine.start(self._train)
            case "off" if isinstance(self.machine, Machine):
                self.machine.disable()
