"""Every bar of a soak by its words, and whether it held."""

from typing import Any

from bedside.events import RecordFault
from tests.soak import radio_two
from tests.soak.plan import CLOCKED
from tests.soak.run import Soak

CPU_BAR = 0.25
BETWEEN_BAR_MS = 2.0
FREE_BAR_MS = 5.0
GROWTH_BAR = 1.05
LONG_S = 300.0


def verdicts(ran: Soak, run: dict[str, Any], figures: dict[str, Any]) -> dict[str, bool]:
    """All of them; `run` is what was used, `figures` what the comparison found."""
    faults = ran.bed.events(RecordFault)
    held = {
        f"{name}: every sample that left it is recorded once, in order": not told["wrong"]
        for name, told in figures["streams"].items()
    }
    held |= _lost(ran, figures["streams"]) if ran.plan.loss else _nothing_lost(figures["streams"])
    held["nothing dropped by the recorder"] = figures["recorder_gaps"] == 0 and not faults
    held |= {
        f"{pair}: {apart:.2f} ms apart (bar {BETWEEN_BAR_MS:g})": apart <= BETWEEN_BAR_MS
        for pair, apart in figures["between_ms"].items()
    }
    held |= {
        f"{name}: {rms:.2f} ms RMS (bar {FREE_BAR_MS:g})": rms <= FREE_BAR_MS
        for name, rms in figures["free_rms_ms"].items()
    }
    if ran.plan.radio:
        held |= radio_two.verdict(figures["sides"])
    return held | _machine(run) | _pulses(ran, figures["pulses"]) | _memory(run)


def _nothing_lost(streams: dict[str, Any]) -> dict[str, bool]:
    return {
        f"{name}: 0 lost, 0 told": not told["lost"] and not told["screen_lost"] and not told["true_lost"]
        for name, told in streams.items()
    }


def _lost(ran: Soak, streams: dict[str, Any]) -> dict[str, bool]:
    """What was lost on purpose is told, by devices that count exactly where."""
    held = {
        f"{name}: {told['true_lost']} lost, told exactly and where": bool(told["true_lost"])
        and told["same_holes"]
        and told["lost"] == told["screen_lost"] == told["true_lost"]
        for name, told in streams.items()
        if name in ("emg", "force_board", *CLOCKED)
    }
    return held | {
        f"{name}: {told['true_lost']} lost, {told['lost']} told by arrivals": bool(told["true_lost"])
        and told["lost"] == told["screen_lost"] == told["true_lost"]
        for name, told in streams.items()
        if name in ran.plan.free
    }


def _machine(run: dict[str, Any]) -> dict[str, bool]:
    share = run["cores"]["station"]
    return {f"station {share:.1%} of one core (bar {CPU_BAR:.0%})": share <= CPU_BAR}


def _pulses(ran: Soak, pulses: dict[str, int]) -> dict[str, bool]:
    # a trigger may lie in samples that were lost on purpose
    marked = ran.plan.loss or pulses["triggers_recorded"] == pulses["fired"]
    words = f"{pulses['fired']} pulses fired, {pulses['counted']} counted, {pulses['triggers_recorded']} marked"
    return {words: marked and pulses["fired"] == pulses["counted"] > 0}


def _memory(run: dict[str, Any]) -> dict[str, bool]:
    """Only of a long run."""
    memory = run["memory_mb"]
    if run["seconds"] < LONG_S:
        return {}
    words = f"memory {memory['quarter']} MB after a quarter, {memory['end']} MB at the end (bar x{GROWTH_BAR})"
    return {words: memory["end"] <= GROWTH_BAR * memory["quarter"]}
