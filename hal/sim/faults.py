"""Faults on request: what they are called, when they strike, and whether they did.

A fault is written `TARGET.NAME[:ARGUMENT][@WHEN[+DURATION]]`. WHEN is in simulated seconds from when the fault was
given (at once when left out), or `pulse:N` (the stimulator's N-th pulse since power-on), or `train:N` (the N-th pulse
since a train was started). DURATION is in simulated seconds; without it a condition lasts and a mishap happens once.
A mishap waits for its occasion: nobody can disable a device that is disabled.
"""

import re
from dataclasses import dataclass, replace

from hal.options import nearest


class FaultSpecError(ValueError):
    """A fault specification that makes no sense; the message names what would."""


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One thing that can go wrong. `argument` names its argument ("" for none) and `default` fills it in.

    `once` kinds are mishaps: without a duration they strike a single time.
    """

    name: str
    effect: str
    argument: str = ""
    default: str = ""
    once: bool = False


KINDS: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("stimulator.silence", "the wire is dead both ways; a running train runs on"),
        FaultKind("stimulator.mute", "commands arrive, nothing comes back"),
        FaultKind("stimulator.garbage", "noise between frames and a flipped bit in every frame"),
        FaultKind("stimulator.truncated", "every frame loses its end"),
        FaultKind("stimulator.oversized", "every frame follows a head that promises 255 bytes"),
        FaultKind("stimulator.stale", "status answers repeat the state at the fault's start"),
        FaultKind("stimulator.cable_out", "the port disappears; back after the duration"),
        FaultKind("stimulator.front_panel_disable", "somebody disables the device by hand", once=True),
        FaultKind("stimulator.front_panel_amplitude", "somebody turns the dial", "%MSO", "60", once=True),
        FaultKind("stimulator.ignore_off", "the device stays enabled when told to disable"),
        FaultKind("stimulator.lost_pulse", "a pulse is due, the coil does not discharge, no report", once=True),
        FaultKind("stimulator.lost_report", "a pulse is given, its report gets lost", once=True),
        FaultKind("stimulator.burst_reports_once", "a burst is reported once, with its first pulse"),
        FaultKind("stimulator.burst_counts_once", "the device's counter counts a burst as one"),
        FaultKind("stimulator.zero_slope", "the coil does not discharge, the report says 0 A/us", once=True),
        FaultKind("stimulator.extra_pulse", "somebody steps on the foot switch", once=True),
        FaultKind("stimulator.trigger_cable", "the cable to its trigger input is pulled"),
        FaultKind("stimulator.stuck_temperature", "the reported temperature freezes"),
        FaultKind("stimulator.overheat", "each pulse heats the coil so many times as much", "factor", "60"),
        FaultKind("emg.silence", "connected, no data"),
        FaultKind("emg.cable_out", "the connection ends; refused for the duration"),
        FaultKind("emg.lost_samples", "so many samples never arrive", "samples", "500", once=True),
        FaultKind("emg.lost_trigger", "the trigger line stays low at a pulse", once=True),
        FaultKind("emg.saturated", "a channel sits at the rail", "channel", "TA left"),
        FaultKind("emg.flat", "an electrode is off: a channel shows no signal", "channel", "TA left"),
        FaultKind("emg.hum", "mains hum of so many uV rms", "uV", "35"),
        FaultKind("emg.background", "the patient does not rest: so many uV rms", "uV", "40"),
        FaultKind("robot.e_stop", "somebody presses the emergency stop", once=True),
        FaultKind("robot.stop", "the robot ramps down by itself", once=True),
        FaultKind("robot.silence", "connected, no states"),
        FaultKind("robot.garbage", "frames with a wrong checksum"),
        FaultKind("robot.other_list", "frames with so many values, as another program's", "values", "13"),
        FaultKind("robot.cable_out", "the connection ends; refused for the duration"),
        FaultKind("patient.coil_slip", "the coil slips by so many cm", "cm", "1.5", once=True),
        FaultKind("patient.coil_off", "the coil leaves the head", once=True),
        FaultKind("patient.threshold_shift", "the threshold changes by so many percent", "percent", "10", once=True),
    )
}

GENERIC: dict[str, FaultKind] = {
    kind.name: kind
    for kind in (
        FaultKind("silence", "the wire is dead both ways; the device itself goes on"),
        FaultKind("cable_out", "the port, connection or radio link disappears; back after the duration"),
        FaultKind("garbage", "noise between frames and flipped bits in them"),
        FaultKind("truncated", "every frame loses its end"),
        FaultKind("lost_samples", "so many samples never arrive", "samples", "5", once=True),
        FaultKind("loss", "so many percent of all samples are lost, in bursts", "percent", "1"),
        FaultKind("freeze", "connected, and the data repeat the last sample"),
        FaultKind("low_battery", "the battery reports so many percent", "percent", "9"),
        FaultKind("saturated", "a channel or corner sits at its rail", "number", "0"),
        FaultKind("bounce", "a contact bounces for so many ms whenever it changes", "ms", "8"),
        FaultKind("panel_off", "somebody disarms or stops it at its own front panel", once=True),
        FaultKind("panel_stop", "somebody stops the running belt at the treadmill's own panel", once=True),
        FaultKind("safety_key", "somebody pulls the treadmill's safety key while it is listened to", once=True),
        FaultKind("coil_out", "the coil's connector is pulled"),
        FaultKind("device_error", "the device reports an error of its own"),
        FaultKind("ignore_off", "the device stays armed when told to disarm"),
        FaultKind("lost_pulse", "a pulse is due and none is given", once=True),
        FaultKind("overheat", "each pulse heats the coil so many times as much", "factor", "60"),
        FaultKind("open_electrode", "an electrode comes off the skin"),
        FaultKind("dry_electrode", "the electrodes dry to so many kOhm", "kOhm", "14"),
        FaultKind("current_off", "the current it measures is so many percent too low", "percent", "20"),
    )
}
"""What can happen to any far end that a world was asked for by name: `NAME.cable_out@10+5`."""

_OWN = {f"{name.partition('.')[0]}." for name in KINDS}

_SPEC = re.compile(
    r"(?P<kind>[a-z0-9_.]+)(?::(?P<argument>[^@]+))?"
    r"(?:@(?:(?P<unit>pulse|train):(?P<count>\d+)|(?P<seconds>\d+(?:\.\d+)?))(?:\+(?P<duration>\d+(?:\.\d+)?))?)?"
)


@dataclass(slots=True)
class Fault:
    """One fault that was asked for. `begins_s` is None until its pulse has come; `strikes` counts its acts."""

    spec: str
    kind: FaultKind
    argument: str
    begins_s: float | None
    at_pulse: int | None = None
    at_train_pulse: int | None = None
    duration_s: float | None = None
    strikes: int = 0
    fired_at_s: float | None = None

    @property
    def number(self) -> float:
        """The argument as a number."""
        return float(self.argument)

    def active(self, now_s: float) -> bool:
        """Whether it would act at `now_s`."""
        if self.begins_s is None or now_s < self.begins_s:
            return False
        if self.duration_s is None:
            return not (self.kind.once and self.strikes)
        return now_s < self.begins_s + self.duration_s


def parse_fault(spec: str, now_s: float = 0.0) -> Fault:
    """A fault from its specification, times counted from `now_s`; raises `FaultSpecError`."""
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise FaultSpecError(
            f"fault {spec!r} is not TARGET.NAME[:ARGUMENT][@WHEN[+DURATION]], WHEN in seconds, pulse:N or train:N"
        )
    kind = KINDS.get(match["kind"]) or _generic(match["kind"])
    if kind is None:
        target, dot, _ = match["kind"].partition(".")
        generic = (f"{target}.{name}" for name in GENERIC) if dot and f"{target}." not in _OWN else ()
        raise FaultSpecError(f"no fault {match['kind']!r}; {nearest(match['kind'], [*KINDS, *generic])}")
    fault = Fault(spec.strip(), kind, _argument(spec, kind, match["argument"]), None)
    fault.duration_s = float(match["duration"]) if match["duration"] else None
    if match["unit"] == "pulse":
        fault.at_pulse = int(match["count"])
    elif match["unit"] == "train":
        fault.at_train_pulse = int(match["count"])
    else:
        fault.begins_s = now_s + float(match["seconds"] or 0.0)
    return fault


def _generic(name: str) -> FaultKind | None:
    """The generic kind of `TARGET.NAME`, under its full name; whether the target exists is the world's to say."""
    target, _, what = name.partition(".")
    kind = GENERIC.get(what)
    return replace(kind, name=name) if kind is not None and target and f"{target}." not in _OWN else None


def _argument(spec: str, kind: FaultKind, given: str | None) -> str:
    if given is None:
        return kind.default
    if not kind.argument:
        raise FaultSpecError(f"fault {spec!r}: {kind.name} takes no argument")
    if kind.argument != "channel":
        try:
            float(given)
        except ValueError:
            raise FaultSpecError(f"fault {spec!r}: {given!r} is not a number of {kind.argument}") from None
    return given


class Faults:
    """All faults of a world. Devices ask `strike` at the point where a fault would act; asking records that it did."""

    def __init__(self) -> None:
        self.all: list[Fault] = []

    def add(self, spec: str, now_s: float = 0.0) -> Fault:
        """Ask for one more, its time counted from `now_s`; raises `FaultSpecError`."""
        fault = parse_fault(spec, now_s)
        self.all.append(fault)
        return fault

    def clear(self, now_s: float) -> None:
        """End every fault that has begun, and forget none of what fired."""
        for fault in self.all:
            if fault.begins_s is not None and fault.begins_s <= now_s:
                fault.duration_s = 0.0

    def note_pulse(self, total: int, in_train: int, at_s: float) -> None:
        """The stimulator's pulse number `total` (and `in_train` of its train, 0 outside one) is due at `at_s`."""
        for fault in self.all:
            if fault.begins_s is None and (fault.at_pulse == total or (in_train and fault.at_train_pulse == in_train)):
                fault.begins_s = at_s

    def active(self, name: str, now_s: float) -> bool:
        """Whether a fault of this kind would act now; unlike `strike` this records nothing."""
        return any(fault.kind.name == name and fault.active(now_s) for fault in self.all)

    def strike(self, name: str, now_s: float) -> Fault | None:
        """The first active fault of this kind, now recorded as fired, else None."""
        return next(iter(self.strike_all(name, now_s)), None)

    def strike_all(self, name: str, now_s: float) -> list[Fault]:
        """Every active fault of this kind, now recorded as fired."""
        struck = [fault for fault in self.all if fault.kind.name == name and fault.active(now_s)]
        for fault in struck:
            fault.strikes += 1
            fault.fired_at_s = now_s if fault.fired_at_s is None else fault.fired_at_s
        return struck
