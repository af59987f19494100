"""Gait from foot sensors: ours beside the published package's figures on the same recordings.

`python -m tests.benchmarks.bench_gait`. The peers' rows were measured with gaitmap 2.6.0 (its best setting for each
figure) on these files, in another run on a machine of this kind. Events: bias and spread in ms.
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dsp.gait import Gait, analyse
from tests.helpers.gait_scores import against_contacts, against_mid_stances, double_support_s, event_errors
from tests.helpers.walking_feet import Recording, recordings

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data" / "gait"
LEAST_SPEED = 500.0
failures: list[str] = []


def line(name: str, value: float, bar: float, unit: str, peer: str, *, at_least: bool = False) -> None:
    """One figure with its bar and the peer's."""
    held = value >= bar if at_least else value <= bar
    if not held:
        failures.append(name)
    sign, word = (">=" if at_least else "<="), ("PASS" if held else "FAIL")
    print(f"  {word}  {name:<44}{value:8.2f} {unit:<5}{sign} {bar:<8g}peer: {peer}")


def measured(kind: str) -> list[tuple[Recording, Gait, float]]:
    """Every recording of a kind with its analysis and how many times faster than it lasted, the best of three."""
    found = []
    for recording in recordings(SHARED_DATA, kind):
        took = []
        for _ in range(3):
            start = time.process_time()
            result = analyse(recording.left, recording.right)
            took.append(time.process_time() - start)
        found.append((recording, result, recording.lasts_s / min(took)))
    return found


def mocap(rows: Iterable[tuple[Recording, Gait, float]]) -> None:
    """A healthy walk with optical events and lengths."""
    print("healthy walk, optical truth")
    for recording, result, _ in rows:
        strides = against_contacts(result, recording)
        line("strides found", 100 * strides.found, 100, "%", "93", at_least=True)
        line("stride time, mean error", 1e3 * float(np.abs(strides.time_s).mean()), 4.5, "ms", "9.4")
        line("stride length, mean error", 100 * float(np.abs(strides.length).mean()), 2.4, "%", "2.5")
        for kind, peer in (("ic", "+27"), ("tc", "-4.5")):
            errors, _, _ = event_errors(result, recording, kind)
            line(f"{kind.upper()} bias (absolute)", 1e3 * abs(float(errors.mean())), 10, "ms", peer)
            line(f"{kind.upper()} spread", 1e3 * float(errors.std()), 5, "ms", "not published")
        summary = result.summary
        if summary is None or summary.double_support_pct is None or summary.gait_cycle_s is None:
            failures.append("double support")
            continue
        true_pct = 100 * float(np.mean(double_support_s(recording))) / summary.gait_cycle_s
        line("double support, error", abs(summary.double_support_pct / 2 - true_pct), 1.5, "%", "2.8")


def vicon(rows: Iterable[tuple[Recording, Gait, float]]) -> None:
    """Turns in a small room with the optical position of the sensor."""
    print("optical position, many turns")
    scores = [(against_mid_stances(result, recording), recording) for recording, result, _ in rows]
    count = sum(len(recording.truth["strides"]) for _, recording in scores)
    found = sum(score.length.size for score, _ in scores)
    lengths = np.concatenate([score.length for score, _ in scores])
    line("strides found", 100 * found / count, 97, "%", "95", at_least=True)
    line("stride length, mean error", 100 * float(np.abs(lengths).mean()), 1.2, "%", "1.2")


def by_hand(rows: list[tuple[Recording, Gait, float]]) -> None:
    """Events checked by hand, packets lost; their annotator's grid is 10 ms."""
    print("events checked by hand, up to 10 % of their packets lost")
    for kind, bar, peer in (("ic", 18.0, "20"), ("tc", 18.0, "15")):
        scores = [event_errors(result, recording, kind) for recording, result, _ in rows]
        errors = np.concatenate([score[0] for score in scores])
        line(f"{kind.upper()} recall", errors.size / sum(s[1] for s in scores), 0.95, "", "0.74", at_least=True)
        line(f"{kind.upper()} precision", errors.size / sum(s[2] for s in scores), 0.95, "", "0.97", at_least=True)
        line(f"{kind.upper()} spread (bias {1e3 * errors.mean():+.0f})", 1e3 * float(errors.std()), bar, "ms", peer)


def stroke(rows: Iterable[tuple[Recording, Gait, float]]) -> None:
    """People after a stroke on a belt of known speed."""
    print("stroke, treadmill")
    shares, errors = [], []
    for recording, result, _ in rows:
        if result.summary is None or result.summary.gait_cycle_s is None:
            failures.append(recording.name)
            continue
        expected = np.floor(recording.lasts_s / result.summary.gait_cycle_s)
        for side in (result.summary.left, result.summary.right):
            speed = side.speed_m_s if side is not None else None
            if side is None or speed is None:
                failures.append(recording.name)
                continue
            shares.append(min(1.0, (side.strides + side.turns) / expected))
            errors.append(speed / recording.truth["belt_speed_m_s"] - 1)
    print("        speed errors, each foot: " + " ".join(f"{100 * e:+.1f}" for e in errors) + " %")
    line("strides found, worst foot", 100 * min(shares), 99, "%", "0", at_least=True)
    line("speed, mean error", 100 * float(np.abs(errors).mean()), 1.0, "%", "1.7 (of the feet it found)")


def main() -> bool:
    """Print the table; False where a bar is not held."""
    if not SHARED_DATA.is_dir():
        print(f"  real recordings not found at {SHARED_DATA}: nothing measured")
        return False
    measured("foot_mocap")  # load libraries before the clock counts
    rows = {kind: measured(kind) for kind in ("foot_mocap", "foot_vicon", "foot_events_agpl", "stroke_treadmill")}
    mocap(rows["foot_mocap"])
    vicon(rows["foot_vicon"])
    by_hand(rows["foot_events_agpl"])
    stroke(rows["stroke_treadmill"])
    slowest = min(row[2] for kind in rows.values() for row in kind)
    line("slowest recording, times real time", slowest, LEAST_SPEED, "x", "36-159", at_least=True)
    return not failures


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
