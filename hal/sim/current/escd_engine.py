"""A simulated direct current stimulator without its wire: requests and time in, answers, current and triggers out.

The converter has 12 bits over 4.096 mA and is set every 20 ms, so current climbs in steps of a few uA. The device ends
a program by itself, and ramps down when it hears nobody, measures another current, or finds an electrode off or dry.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hal.sim.current import escd_wire as wire
from hal.sim.current.escd_electrodes import Electrodes
from hal.sim.faults import Fault, Faults

IDLE, PREPARED, RAMP_UP, PLATEAU, RAMP_DOWN, FAULT, TRIGGERS_ONLY = range(7)
LINK_SILENT, DEVIATES, ELECTRODE, COMPLIANCE, EMPTY, _OVER, BY_HAND = range(1, 8)
GIVES = (RAMP_UP, PLATEAU)
FLOWS = (*GIVES, RAMP_DOWN)
RUNS = (*FLOWS, TRIGGERS_ONLY)
DAC_S = 0.02
DAC_UA = 1.0
TIMEOUT_MS = 1500
DEVIATION_S = 1.0
ELECTRODE_S = 0.3
OPEN_KOHM = 20.0
FULL_PCT = 90
EMPTY_PCT = 5.0
START_PCT = 15.0
DRAIN_PCT_S = 0.004
TEST_UA = 20.0


@dataclass(slots=True)
class Bench:
    """What can be looked at in a test: true current (uA) by time (s), and when triggers left (s)."""

    trace: list[tuple[float, float]]
    triggers_s: list[float]


class EscdEngine:
    """One device. Call `receive` with requests and `advance` with the time; answers gather in `outbox`.

    `per_s` scales its own time-out to simulated seconds, so that a world that runs faster keeps a wire of real speed.
    """

    def __init__(
        self, name: str, *, faults: Faults, seed: int, on_trigger: Callable[[float], None], per_s: float = 1.0
    ) -> None:
        self.outbox: list[bytes] = []
        self.bench = Bench([], [])
        self.electrodes = Electrodes(seed)
        self.phase, self.fault, self.boot = IDLE, 0, seed & 0xFFFF
        self.version, self.timeout_ms, self.has_trigger = 1, TIMEOUT_MS, True
        self.battery_pct = 87.0
        self._name, self._faults, self._on_trigger, self._per_s = name, faults, on_trigger, per_s
        self._plan: wire.Plan | None = None
        self._n = 0
        self._set_ua = self._asked_ua = 0.0
        self._begun_s = self._plateau_s = self._heard_s = 0.0
        self._charge_uc = 0.0
        self._bad_s = self._electrode_s = 0.0
        self._cut = False

    def strike(self, what: str, now_s: float) -> Fault | None:
        """The fault `what` of this device, if it acts now."""
        return self._faults.strike(f"{self._name}.{what}", now_s)

    def take_output(self) -> list[bytes]:
        """The answers to send, in order; forgotten here."""
        answers, self.outbox = self.outbox, []
        return answers

    # the station's requests

    def receive(self, request: wire.Request, now_s: float) -> None:
        """One valid frame: carry it out and answer."""
        self.advance(now_s)
        self._heard_s = now_s
        expected = wire.LENGTHS.get(request.kind)
        if expected is None or len(request.payload) != expected:
            self.outbox.append(wire.ack(request, wire.BAD_COMMAND if expected is None else wire.BAD_LENGTH))
        elif request.kind == wire.HELLO:
            self._hello(request)
        elif request.kind == wire.PING:
            self.outbox.append(wire.status(request.seq, self._account(now_s)))
        elif request.kind == wire.PROGRAM:
            self._program(request, now_s)
        else:
            result = self._start(request, now_s) if request.kind == wire.START else self._stop(now_s)
            self.outbox.append(wire.ack(request, result))

    def _hello(self, request: wire.Request) -> None:
        self.outbox.append(
            wire.hello(
                request.seq,
                version=self.version,
                serial=240017,
                timeout_ms=self.timeout_ms,
                trigger=self.has_trigger,
                boot=self.boot,
            )
        )

    def _program(self, request: wire.Request, now_s: float) -> None:
        plan = wire.Plan.of(request.payload)
        if self.phase not in (IDLE, PREPARED):
            self.outbox.append(wire.ack(request, wire.BAD_STATE))
        elif not plan.believable or (plan.bursts and not self.has_trigger):
            self.outbox.append(wire.ack(request, wire.OUT_OF_RANGE))
        else:
            self._plan, self.fault, self._cut = plan, 0, False
            self._charge_uc, self._bad_s, self._electrode_s = 0.0, 0.0, 0.0
            self.bench.triggers_s.clear()
            self.outbox.append(wire.program_report(request.seq, plan))
            self._enter(PREPARED, now_s)

    def _start(self, request: wire.Request, now_s: float) -> int:
        if self.phase != PREPARED or self._plan is None:
            return wire.BAD_STATE
        if int.from_bytes(request.payload, "little") != self._plan.number:
            return wire.OTHER_PROGRAM
        if self._battery(now_s) < START_PCT:
            return wire.BATTERY
        self._look_at_electrodes(now_s)
        if self.electrodes.kohm(now_s) > OPEN_KOHM:
            return wire.IMPEDANCE
        self._begun_s = now_s
        self._enter(RAMP_UP, now_s)
        return wire.OK

    def _stop(self, now_s: float) -> int:
        if self.phase != IDLE and self.strike("ignore_off", now_s):
            return wire.OK
        self._cut = True
        if self.phase in GIVES:
            self._enter(RAMP_DOWN, now_s)
        elif self.phase in (PREPARED, FAULT, TRIGGERS_ONLY):
            self._end(now_s)
        return wire.OK

    # the device by itself

    def advance(self, now_s: float) -> None:
        """Set the converter as often as it is due until `now_s`."""
        if self.phase == PREPARED and self._missed(now_s):
            self._end(now_s)
        while self.phase in RUNS and (self._n + 1) * DAC_S <= now_s:
            self._n += 1
            self._step(self._n * DAC_S)
        if self._triggers_flow:
            self._send_triggers(now_s)
        self._n = int(now_s / DAC_S) if self.phase not in RUNS else self._n

    def _missed(self, at_s: float) -> bool:
        """Whether nobody was heard for longer than its time-out."""
        return at_s - self._heard_s > self.timeout_ms / 1000 * self._per_s

    def _step(self, at_s: float) -> None:
        if self.strike("panel_off", at_s):
            self._give_up(BY_HAND, at_s)
        if self._missed(at_s):
            self._give_up(LINK_SILENT, at_s)
        self._move(at_s)
        flows_ma = self._flows_ma(at_s)
        self._charge_uc += flows_ma * 1000 * DAC_S
        self.electrodes.wet(DAC_S)
        self.bench.trace.append((at_s, flows_ma * 1000))
        self.battery_pct -= DRAIN_PCT_S * DAC_S
        if self._triggers_flow:
            self._send_triggers(at_s)
        self._check(at_s)

    def _move(self, at_s: float) -> None:
        assert self._plan is not None  # noqa: S101 - a phase with current has a plan
        plan, step_ua = self._plan, self._plan.current_ua / (self._plan.ramp_ms / 1000) * DAC_S
        if self.phase == RAMP_UP:
            self._set_ua = min(self._set_ua + step_ua, plan.current_ua)
            if self._set_ua >= plan.current_ua:
                self._plateau_s = at_s
                self._enter(PLATEAU, at_s)
        elif self.phase == PLATEAU and at_s - self._plateau_s >= plan.plateau_ms / 1000:
            self._enter(RAMP_DOWN, at_s)
        elif self.phase == RAMP_DOWN:
            self._set_ua = max(self._set_ua - step_ua, 0.0)
        self._asked_ua = self._set_ua // DAC_UA * DAC_UA
        if self.phase == RAMP_DOWN and self._set_ua <= 0:
            if self.fault:
                self._plan = None
                self._enter(FAULT, at_s)
            elif self._left and not self._cut:
                self._enter(TRIGGERS_ONLY, at_s)
            else:
                self._end(at_s)
        elif self.phase == TRIGGERS_ONLY and not self._left:
            self._end(at_s)

    @property
    def _triggers_flow(self) -> bool:
        return self.phase in (PLATEAU, RAMP_DOWN, TRIGGERS_ONLY) and not self._cut

    @property
    def _left(self) -> int:
        """Trigger pulses still to be sent."""
        return self._plan.bursts * self._plan.pulses - len(self.bench.triggers_s) if self._plan else 0

    def _send_triggers(self, at_s: float) -> None:
        plan, sent = self._plan, self.bench.triggers_s
        assert plan is not None  # noqa: S101 - as above
        while self._left:
            due_s = self._plateau_s + plan.trigger_ms(len(sent)) / 1000
            if due_s > at_s:
                return
            sent.append(due_s)
            self._on_trigger(due_s)

    def _check(self, at_s: float) -> None:
        if self.phase not in GIVES:
            return
        off_ua = abs(self._flows_ma(at_s) * 1000 - self._asked_ua)
        self._bad_s = self._bad_s + DAC_S if off_ua > max(0.1 * self._asked_ua, 50) else 0.0
        is_open = self.electrodes.kohm(at_s) > OPEN_KOHM and self._asked_ua > TEST_UA
        is_full = self.electrodes.compliance_pct(self._asked_ua / 1000, at_s) > FULL_PCT
        self._electrode_s = self._electrode_s + DAC_S if is_open or is_full else 0.0
        if self._electrode_s >= ELECTRODE_S:
            self._give_up(ELECTRODE if is_open else COMPLIANCE, at_s)
        elif self._bad_s >= DEVIATION_S:
            self._give_up(DEVIATES, at_s)
        elif self._battery(at_s) < EMPTY_PCT:
            self._give_up(EMPTY, at_s)

    def _give_up(self, fault: int, at_s: float) -> None:
        if self.phase in RUNS and not self._cut:
            self._cut = True
            self.fault = fault
            self._enter(RAMP_DOWN, at_s)

    def _end(self, at_s: float) -> None:
        self._plan, self._set_ua, self._asked_ua = None, 0.0, 0.0
        self._enter(IDLE, at_s)

    def _enter(self, phase: int, now_s: float) -> None:
        """A new phase, and the word of it that nobody asked for."""
        if self.phase != phase:
            self.phase = phase
            self.outbox.append(wire.status(0, self._account(now_s)))

    # what it measures

    def _look_at_electrodes(self, now_s: float) -> None:
        self.electrodes.is_open = self.strike("open_electrode", now_s) is not None
        dry = self.strike("dry_electrode", now_s)
        self.electrodes.dry_kohm = None if dry is None else dry.number

    def _flows_ma(self, now_s: float) -> float:
        self._look_at_electrodes(now_s)
        return self.electrodes.flows_ma(self._asked_ua / 1000, now_s)

    def _battery(self, now_s: float) -> float:
        low = self.strike("low_battery", now_s)
        return self.battery_pct if low is None else low.number

    def _account(self, now_s: float) -> wire.Account:
        flows_ua = self._flows_ma(now_s) * 1000
        if self._asked_ua > 0 and (off := self.strike("current_off", now_s)):
            flows_ua *= 1 - off.number / 100
        tests = self.phase in (PREPARED, *FLOWS)
        impedance = min(round(self.electrodes.kohm(now_s) * 100), 0xFFFE) if tests else 0xFFFF
        plan = self._plan
        last_ms = plan.trigger_ms(plan.bursts * plan.pulses - 1) if plan and plan.bursts else 0
        total_ms = plan.ramp_ms + max(plan.plateau_ms + plan.ramp_ms, last_ms) if plan else 0
        elapsed_ms = round((now_s - self._begun_s) * 1000) if self.phase in RUNS else 0
        return wire.Account(
            self.phase,
            self.fault,
            round(self._asked_ua),
            round(flows_ua) if self.phase != PREPARED else round(TEST_UA),
            impedance,
            self.electrodes.compliance_pct(self._asked_ua / 1000, now_s) if tests else 0xFF,
            round(self._battery(now_s)),
            elapsed_ms,
            max(total_ms - elapsed_ms, 0),
            round(self._charge_uc),
            len(self.bench.triggers_s),
            plan.number if plan else 0,
        )
