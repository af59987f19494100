"""A stimulator that this computer only triggers: its intensity is typed by the operator, its pulse is given by a wire.

For devices without a public protocol (Brain Ultimate and others). Enabled, temperature and coil are "not available".
Trains are single pulses of at most 1 Hz, each at its own absolute time; patterned bursts are never timed by this
computer. A pulse too late for its place is left out and not made up. Where a trigger-out is wired back, a pulse without
it was not delivered, and one without a trigger was given by somebody else. Not tried on hardware.

The wire can give pulses only while it is asked to: "off" ends the schedule and lowers the wire. It cannot disable the
stimulator itself; that, and a pulse by its own button, stay with the operator. Opening a port may move its lines for
some milliseconds: the stimulator must be disabled until it is asked to be enabled.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from hal.device import HalError, Health, LinkState, OffNotConfirmed, PulseNotDelivered, Refused, SetupError, Vitals
from hal.drivers.stimulator.operator_prompts import OperatorPrompts
from hal.drivers.stimulator.trigger_outputs import BoxTrigger, LineTrigger, ProofLine, TriggerOutput
from hal.drivers.stimulator.trigger_schedule import Schedule
from hal.linked import Patience
from hal.links.base import Link
from hal.links.control_line import ControlLineLink
from hal.links.lines import OutputLine
from hal.options import parse_options
from hal.roles import PulseDelivered, StimulatorCapabilities, Train, TrainPrepared
from hal.supervised import STIMULATOR_PATIENCE

logger = logging.getLogger(__name__)
MOST_HZ = 1.0
"""The fastest train this computer times; anything faster belongs to the stimulator."""
NS = 1_000_000_000
_BY_HAND = "disable the stimulator by hand NOW and take the coil away from the patient"


@dataclass(frozen=True, slots=True)
class TriggeredStimulatorOptions:
    """Options of a device file; times in real seconds and milliseconds.

    On a control line: `output` is the trigger, `proof` the line back. On a byte link: `byte_high` raises the output,
    `byte_low` lowers it, `echo_byte` is what the box sends for each pulse it sees at its input.
    """

    model: str = "triggered stimulator"
    output: OutputLine = "rts"
    proof: ProofLine = "none"
    byte_high: int = 1
    byte_low: int = 0
    echo_byte: int | None = None
    pulse_ms: float = 5.0
    proof_s: float = 0.25
    max_rate_hz: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.max_rate_hz <= MOST_HZ:
            raise ValueError(f"max_rate_hz must be above 0 and at most {MOST_HZ:g}")
        if not 1 <= self.pulse_ms <= 50 or not 0.02 <= self.proof_s <= 0.5:
            raise ValueError("pulse_ms must be 1 to 50, proof_s 0.02 to 0.5")
        given = [byte for byte in (self.byte_high, self.byte_low, self.echo_byte) if byte is not None]
        if self.byte_high == self.byte_low or not all(0 <= byte <= 255 for byte in given):
            raise ValueError("byte_high, byte_low and echo_byte are 0 to 255, the first two different")


class TriggeredStimulator(OperatorPrompts):
    """A `hal.roles.Stimulator` and `hal.roles.OperatorDriven`; pulses have the source "trigger"."""

    link_kinds = ("lines", "bytes")
    default_baud = 115200

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: ControlLineLink | Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = STIMULATOR_PATIENCE,
    ) -> None:
        self.options = parse_options(TriggeredStimulatorOptions, options or {}, device=name)
        super().__init__(name, now_ns, self.options.model)
        self._status = replace(self._status, source="trigger")
        self._output = _output(link, self.options, name)
        self._patience = patience
        self._supervisor: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._proof: asyncio.Future[None] | None = None
        self._prepared: Train | None = None
        self._running: asyncio.Task[None] | None = None
        self._schedule = Schedule(now_ns)
        self._last_pulse_ns: int | None = None
        self._enabled_by_operator = False
        self._attempts = 0
        self._ended = ""

    @property
    def address(self) -> str:
        """The link's address."""
        return self._output.address

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """Blind but for the trigger-out, where one is wired."""
        return StimulatorCapabilities(
            "triggered", False, self._output.proves, False, self.options.max_rate_hz, self.options.model
        )

    @property
    def vitals(self) -> Vitals:
        """What this wire cannot tell, in words."""
        blind = () if self._output.proves else ("no trigger-out is wired: a trigger counts as a pulse",)
        ended = (f"its last train ended early: {self._ended}",) if self._ended else ()
        mute = "it does not answer: neither whether it is armed nor its temperature is known"
        return Vitals(notes=(mute, *blind, *ended))

    @property
    def off_bytes(self) -> bytes:
        """The byte that lowers a box's output; a control line falls when its port closes."""
        return self._output.off_bytes

    def fileno(self) -> int | None:
        """The descriptor that takes `off_bytes`, None while closed or where there are none."""
        return self._output.fileno()

    # the life of the link

    async def open(self) -> None:
        """Start connecting; returns once the port was opened or could not be."""
        if self._supervisor is None:
            self._settled.clear()
            self._supervisor = asyncio.create_task(self._supervise(), name=f"device {self.name}")
        await self._settled.wait()

    async def close(self) -> None:
        """Stop, lower the wire, disconnect; safe to call twice."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        self.off_now()
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
        self._set_state("closed")

    async def _supervise(self) -> None:
        self._set_state("connecting")
        while True:
            try:
                await self._output.open()
                await self._output.watch(self._seen, self._proved)
            except HalError as error:
                self._set_state("lost", error.args[0], error.remedy)
            except Exception as error:
                logger.exception("%s: driver fault", self.name)
                self._set_state("lost", f"driver fault: {error}", "report this with the log")
            finally:
                self._enabled_by_operator = False
                self.off_now()
                if self._status.train_running:
                    self._tell(train_running=False)
                self._output.close()
            self._attempts += 1
            await asyncio.sleep(self._patience.retry_s(self._attempts))

    def _seen(self) -> None:
        now_ns = self.now_ns()
        self._attempts = 0
        if self._health.state == "ok":
            self._health = replace(self._health, last_heard_ns=now_ns)
        else:
            self._set_state("ok", heard=True)

    def _set_state(self, state: LinkState, error: str = "", remedy: str = "", *, heard: bool = False) -> None:
        now_ns, before = self.now_ns(), self._health
        since_ns = now_ns if state != before.state else before.since_ns
        self.set_health(Health(state, since_ns, now_ns if heard else before.last_heard_ns, error, remedy))
        if state != "connecting":
            self._settled.set()

    def _proved(self) -> None:
        """The trigger-out rose: for the trigger that waits for it, else for a pulse nobody here gave."""
        if self._proof is not None and not self._proof.done():
            self._proof.set_result(None)
        else:
            self._report()

    def _report(self) -> None:
        self.publish(PulseDelivered(self.now_ns(), None, self._status.amplitude_pct_mso, source="trigger"))

    # commands

    async def enable(self) -> None:
        """Ask the operator to enable the stimulator: once for as long as the wire is there and its pulses are proved.

        Where no trigger-out is wired, a stimulator disabled by hand after a stop would not be missed: it is asked for
        again after every stop.
        """
        self._check_open()
        if not self._enabled_by_operator:
            await self._ask("enable", "Enable the stimulator and set it to external trigger, then confirm")
            self._enabled_by_operator = True
        self._tell()

    async def fire(self) -> None:
        """Give one pulse; `PulseNotDelivered` without its proof, `Refused` sooner than the highest rate allows."""
        self._check_open()
        self._check_ready()
        if self._running is not None:
            raise Refused("a train is running", device=self.name, remedy="stop it first")
        last, apart_ns = self._last_pulse_ns, 0.98 * NS / self.options.max_rate_hz
        if last is not None and self.now_ns() - last < apart_ns:
            raise Refused("a pulse was given just now", device=self.name, remedy="wait a second")
        await self._pulse()

    async def prepare_train(self, train: Train) -> None:
        """Take the train to time; `Refused` for bursts and for more than the highest rate."""
        if train.burst_pulses > 1:
            raise Refused(
                "patterned bursts are never timed by this computer",
                device=self.name,
                remedy="use a stimulator that times them itself",
            )
        if not 0 < train.rate_hz <= self.options.max_rate_hz:
            raise Refused(
                f"{train.rate_hz:g} Hz is more than the {self.options.max_rate_hz:g} Hz that a trigger is timed for",
                device=self.name,
                remedy="use a stimulator that times its trains itself",
            )
        if train.pulses < 1 or train.trains < 1 or (train.trains > 1 and train.inter_train_s < 0.98 / MOST_HZ):
            raise Refused("this train makes no sense here", device=self.name, remedy="choose another")
        if self._running is not None:
            raise Refused("a train is running", device=self.name, remedy="stop it first")
        self._prepared = train
        self.publish(TrainPrepared(self.now_ns(), train, read_back=False, source="trigger"))

    async def start_train(self) -> None:
        """Give the first pulse and schedule the rest; raises as `fire` does."""
        train, self._prepared = self._prepared, None
        if train is None:
            raise Refused("no train is prepared", device=self.name, remedy="set the train up first")
        self._check_open()
        self._check_ready()
        self._ended = ""
        self._schedule.begin(train)
        self._tell(train_running=True)
        self._running = asyncio.create_task(self._run(), name=f"train {self.name}")

    async def _run(self) -> None:
        """Give each pulse at its time; a pulse that fails ends the train, and says so."""
        try:
            async for late in self._schedule.due():
                if late:
                    logger.warning("%s: a pulse came too late for its place and is left out", self.name)
                else:
                    await self._pulse()
        except HalError as error:
            logger.warning("%s: train ended: %s", self.name, error)
            self._ended = error.args[0]
            self._output.low_now()
        finally:
            # one that a stop ended is told by "off", once the wire is low: nobody stopped it at the stimulator
            if self._running is asyncio.current_task():
                self._running = None
                self._tell(train_running=False)

    async def _pulse(self) -> None:
        proof = self._proof = asyncio.get_running_loop().create_future()
        self._last_pulse_ns = self.now_ns()
        try:
            await self._output.pulse()
            if self._output.proves:
                await asyncio.wait((proof,), timeout=self.options.proof_s)
                if not proof.done():
                    raise PulseNotDelivered(
                        "triggered, but no pulse came back from its trigger-out",
                        device=self.name,
                        remedy="check that the stimulator is enabled, ready and wired, then try again",
                    )
            self._report()
        except asyncio.CancelledError:
            # A stop in the middle of it: the wire was raised. Where a proof is wired, it tells of the pulse, or has.
            if not self._output.proves or proof.done():
                self._report()
            raise
        finally:
            self._proof = None

    async def off(self) -> None:
        """Stop the schedule and lower the wire, confirmed by the port; else `OffNotConfirmed`."""
        self.off_now()
        try:
            await self._output.low()
        except HalError as error:
            raise OffNotConfirmed(
                f"the trigger wire cannot be confirmed to be low: {error.args[0]}", device=self.name, remedy=_BY_HAND
            ) from error
        self._tell(train_running=False)

    def off_now(self) -> None:
        """End the schedule and lower the wire without waiting; never raises."""
        self._prepared = None
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
        with suppress(HalError):
            self._output.low_now()
        if not self._output.proves:
            self._enabled_by_operator = False
        self._end_prompt(Refused("stopped before this was done", device=self.name, remedy="start it again"))

    async def read_counter(self) -> None:
        """Nothing can be asked."""

    def operator_stopped(self) -> None:
        """The operator has stopped the stimulator: no trigger any more."""
        self._enabled_by_operator = False
        self.off_now()
        self._tell(train_running=False)

    def operator_pulse(self) -> None:
        """A pulse by the stimulator's own button, as far as no trigger-out tells of it."""
        if not self._output.proves:
            super().operator_pulse()

    def operator_started(self) -> None:
        """A train is started by the program here; the operator's word changes nothing."""

    def _check_open(self) -> None:
        if not self._output.is_open or self._health.state != "ok":
            raise Refused(
                "the trigger wire is not connected", device=self.name, remedy=self._health.remedy or "check the cable"
            )

    def _check_ready(self) -> None:
        if not self._enabled_by_operator:
            raise Refused("the operator has not enabled the stimulator", device=self.name, remedy="enable it first")
        if self._status.amplitude_pct_mso is None:
            raise Refused("no intensity has been read back", device=self.name, remedy="set the intensity first")


def _output(link: ControlLineLink | Link, options: TriggeredStimulatorOptions, device: str) -> TriggerOutput:
    pulse_s = options.pulse_ms / 1000
    if isinstance(link, ControlLineLink):
        if options.echo_byte is not None:
            what, key = "echo_byte belongs to a trigger box", "options.echo_byte"
            raise SetupError(what, device=device, remedy="set proof instead", key=key)
        return LineTrigger(link, options.output, options.proof, pulse_s)
    if options.proof != "none":
        what, key = "proof belongs to a control line", "options.proof"
        raise SetupError(what, device=device, remedy="set echo_byte instead", key=key)
    return BoxTrigger(link, options.byte_high, options.byte_low, options.echo_byte, pulse_s)
