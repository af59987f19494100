"""Standing: what `bedside analyse posture` says of each recording, against its authors' published values."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from tests.benchmarks.accuracies.gait_report import WORDS
from tests.benchmarks.accuracies.page import (
    NOTHING,
    Figure,
    Kind,
    Measured,
    Report,
    analysed,
    bound,
    number,
    over,
    said,
    unread,
)
from tests.benchmarks.bench_posture import AGREEMENT, LIBRARY_OUTLINES_CM2

Array = NDArray[np.float64]
PUBLISHED = ("coparea", "copvelo", "copmfreq")
VALUES = (
    ("duration_s", 1),
    ("path_length_cm", 2),
    ("mean_speed_cm_s", 3),
    ("sector_area_cm2", 2),
    ("hull_area_cm2", 2),
    ("ellipse_area_cm2", 3),
    ("outline_area_cm2", 2),
    ("frequency_hz", 3),
    ("rms_x_cm", 2),
    ("rms_y_cm", 2),
)


def stood(path: Path) -> Measured:
    """A stand as it is in the file: no filter, nothing left out."""
    try:
        report = analysed("posture", path)
    except BadRecordingError as error:
        return unread((len(VALUES) + 2), error, path, "coparea", "copvelo", "copmfreq")
    posture = report["posture"]
    known = _differences(path, posture)
    told = [*posture["warnings"], *report["identities"], *report["notes"]]
    against = " / ".join(bound(known.get(key)) for key in PUBLISHED) if known else NOTHING
    cells = (
        *(number(posture[key], digits) for key, digits in VALUES),
        _weight(report),
        against,
        said(posture["refusal"], told),
    )
    return Measured((cells,), {key: [abs(value)] for key, value in known.items()})


def _differences(path: Path, posture: dict[str, Any]) -> dict[str, float]:
    """Relative differences to what the authors (and for the outline a library of geometry) have published."""
    if posture["refusal"] is not None:
        return {}
    listed = json.loads((path.parent / "manifest.json").read_text())["files"] if _has_list(path) else {}
    values = listed.get(path.name, {})
    ours = {
        "coparea": posture["ellipse_area_cm2"],
        # theirs is the path over n samples, ours over the n - 1 steps that it took
        "copvelo": posture["mean_speed_cm_s"] * (posture["samples"] - 1) / posture["samples"],
        "copmfreq": posture["frequency_hz"],
    }
    found = {key: ours[key] / float(values[key]) - 1 for key in PUBLISHED if key in values}
    if path.stem in LIBRARY_OUTLINES_CM2:
        found["outline"] = (posture["outline_area_cm2"] or math.nan) / LIBRARY_OUTLINES_CM2[path.stem] - 1
    return found


def _has_list(path: Path) -> bool:
    return (path.parent / "manifest.json").is_file()


def _weight(report: Report) -> str:
    weight = report["weight"]
    if weight is None or weight["refusal"] is not None:
        return NOTHING
    return f"{number(weight['left_pct'])} / {number(weight['right_pct'])}"


def stood_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """The worst recording of those with published values."""
    own = "< 1e-8 (the authors' code)"
    peers = {
        "coparea": ("95 % ellipse", f"{own}; other formulas: openbalance 0.1.5 up to 2e-3"),
        "copvelo": ("speed", own),
        "copmfreq": ("mean frequency", own),
        "outline": ("exact outline", "shapely 2.2.0 is the reference"),
    }
    return [
        Figure(f"standing: {name}, worst difference", over(np.max, scores.get(key)), AGREEMENT, "", peer, digits=None)
        for key, (name, peer) in peers.items()
    ]


HEAD = (
    "recording",
    "s",
    "path cm",
    "speed cm/s",
    "sector outline cm²",
    "hull cm²",
    "95 % ellipse cm²",
    "exact outline cm²",
    "frequency Hz",
    "RMS sideways cm",
    "RMS front-back cm",
    "weight left / right %",
    "ellipse / speed / frequency against the published",
    WORDS,
)
BDS = ("00001", "00004", "00010", "00037", "00043", "00046", "00145", "00157", "00160", "00166", "00190")

STANDING = (
    Kind(
        "Quiet standing",
        "Force plates at 100 Hz, as in the file: no filter, nothing left out. `BDS` one plate, `PDS` two, both with "
        "values published by their authors (relative differences); `AMTI` begins with large moves and drop-outs and "
        "ends with a step off the plate. The envelope of the program is the sector outline (120 sectors).",
        "cop",
        "*.csv",
        (
            "AMTI_step_on_off.csv",
            *(f"BDS{number}.csv" for number in BDS),
            *(f"PDS13{name}.csv" for name in ("CF1", "OF1", "OR1")),
        ),
        HEAD,
        stood,
        stood_figures,
    ),
    Kind(
        "Balance board",
        "A game board at 40 Hz: the person steps on it after 5 to 10 s and then shifts weight from side to side. "
        "It is no quiet stand, and the cues were not recorded.",
        "cop/wbb_gpl3",
        "*.csv",
        ("WBB_shift_a.csv",),
        HEAD,
        stood,
    ),
)
