"""Whether a protocol's trains, the rests between them and continuous bursts are within what was tested. Pure."""

from dataclasses import dataclass

from bedside.config import Limits, Preset
from bedside.config.limits import TrainRest, TrainTable
from bedside.config.protocol import Levels
from bedside.visit.timing import pattern_of


@dataclass(frozen=True, slots=True)
class TrainVerdict:
    """What the tables of longest trains say: `refuse` when too long, `note` when longer than the careful table."""

    refuse: str = ""
    note: str = ""


def judge_train(table: TrainTable, rate_hz: float, pct_rmt: float, seconds: float) -> TrainVerdict:
    """Look up the next higher rate and intensity (Rossi 2009 tables); beyond the table is refused."""
    row = next((row for row in sorted(table.rows, key=lambda row: row.rate_hz) if row.rate_hz >= rate_hz), None)
    column = next((i for i, pct in enumerate(table.columns_pct_rmt) if pct >= pct_rmt), None)
    if row is None or column is None:
        return TrainVerdict(refuse=f"{rate_hz:g} Hz at {pct_rmt:g} % RMT lies beyond the table of longest trains")
    if seconds > row.refuse_s[column]:
        return TrainVerdict(refuse=f"a train of {seconds:g} s is longer than {row.refuse_s[column]:g} s")
    if seconds > row.note_s[column]:
        return TrainVerdict(note=f"longer than the careful table's {row.note_s[column]:g} s")
    return TrainVerdict()


def rest_problem(rest: TrainRest, levels: Levels, *, signed: bool) -> str:
    """Why the rest between two trains is too short, "" where it is not or there is one train only.

    A rest is what lies between a train's end, one interval behind its last stimulus, and the next train. Chen 1997:
    5 s was safe after 1.6 s of 20 Hz at 110 %, 1 s was not. A physician's signature under the protocol lifts the
    longer rest of fast trains, never the least. Trains of bursts are outside that longer rule, as outside the tables.
    """
    if levels.trains < 2:
        return ""
    pattern = pattern_of(levels)
    train_s = pattern.stimuli * pattern.interval_us / 1e6
    rest_s = round(levels.inter_train_interval_s - train_s, 6)
    if rest_s < rest.least_s:
        return f"{rest_s:g} s of rest between two trains are less than {rest.least_s:g} s"
    fast = levels.bursts_in_train == 1 and pattern.rate_hz >= rest.long_from_hz
    if fast and not signed and rest_s < rest.long_times * train_s:
        return (
            f"{rest_s:g} s of rest are less than {rest.long_times:g} times the train of {train_s:g} s,"
            f" as from {rest.long_from_hz:g} Hz on without a signature"
        )
    return ""


def problem(limits: Limits, preset: Preset, *, signed: bool) -> str:
    """Why the preset's trains are not given, "" where they are; `signed` by a physician for the study.

    The table is of even trains. For bursts, outside it, the preset's ceiling and the session's total hold, and for
    bursts without any rest their own highest percentage, whoever signs.
    """
    levels, pct = preset.levels, preset.intensity.pct
    if levels.bursts_in_train > 1:
        most = limits.rest.continuous_bursts_pct_rmt
        if levels.trains == 1 and pct > most:
            return f"continuous bursts at {pct} % RMT are above the {most} % that they are given at"
        return rest_problem(limits.rest, levels, signed=signed)
    pattern = pattern_of(levels)
    verdict = judge_train(limits.train, pattern.rate_hz, pct, pattern.stimuli / pattern.rate_hz)
    return verdict.refuse or rest_problem(limits.rest, levels, signed=signed)
