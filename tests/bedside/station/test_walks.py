"""What a walk looked like comes onto the screen from the analysis that the journal binds, and from no other."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from bedside.config.captures import load_captures
from bedside.events import CaptureAnalysed, CaptureStarted, Envelope, Event, VisitOpened
from bedside.snapshot import GaitSide, Snapshot
from bedside.station.walks import Walks
from bedside.station.wire import MAX_LINE_BYTES
from tests.bedside.tui.assess_scenes import COP, HOME, capture_snapshot
from tests.bedside.tui.test_walk_views import CAPTURE, REFUSED, leg
from tests.helpers.bed import CONFIGS

WALK = "gait_overground"
SHOWN = capture_snapshot(msgspec.structs.replace(CAPTURE, id=WALK))


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.walks = Walks(folder, load_captures(CONFIGS))
        self.tell(VisitOpened(visit="v", participant="P", study="S", session=0, sessions_planned=0, simulated=True))
        (folder / "v" / "analysis").mkdir(parents=True, exist_ok=True)

    def tell(self, event: Event) -> None:
        self.walks.event(Envelope(n=1, mono_ns=0, utc="", who="", via="", event=event))

    def analysed(self, sides: dict[str, Any], *, instrument: str = WALK, spoil: bool = False) -> None:
        """A trial's analysis as the station keeps it, then its event; `spoil` changes the file in between."""
        data = json.dumps([{"curves": sides}]).encode()
        path = self.folder / "v" / "analysis" / f"{instrument}-walk-1.json"
        path.write_bytes(data.replace(b"9", b"8") if spoil else data)
        told = {"instrument": instrument, "task": "walk", "trial": 1}
        known = {"report": f"analysis/{path.name}", "sha256": sha256(data).hexdigest()}
        self.tell(CaptureAnalysed(**told, method="m", values={"speed": 0.6}, **known))

    def seen(self, shown: Snapshot = SHOWN) -> tuple[GaitSide, ...]:
        made = self.walks.onto(shown).assess
        return made.capture.gait if made is not None and made.capture is not None else ()


def test_a_walk_stands_beside_its_result_and_goes_with_the_next_trial(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    assert rig.seen() == ()
    rig.analysed({"left": leg(legs=True), "right": REFUSED})
    left, right = rig.seen()
    assert {curve.name for curve in left.curves} == {"pitch_deg", "ankle_deg", "knee_deg", "up_cm", "forward_cm"}
    assert all(len(curve.mean) == 51 for curve in left.curves)
    assert (right.curves, right.refusal) == ((), REFUSED["refusal"])
    assert len(msgspec.json.encode((left, left))) < MAX_LINE_BYTES / 4  # both legs, a small part of a snapshot's line
    rig.tell(CaptureStarted(instrument=WALK, task="walk", trial=2, seconds=90.0, settings={}))
    assert rig.seen() == ()


def test_nothing_is_drawn_of_a_file_that_is_not_the_journalled_one(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.analysed({"left": leg(), "right": leg()})
    assert rig.seen()
    rig.analysed({"left": leg(), "right": leg()}, spoil=True)
    assert rig.seen() == ()


def test_curves_of_another_shape_are_not_drawn_and_the_station_goes_on(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    whole = leg()
    for side in (
        {**whole, "up_cm": {"mean": [1.0, 2.0], "sd": [0.0, 0.0]}},
        {**whole, "cycles": float("inf")},
        {**whole, "clearance_cm": 3.0},
    ):
        rig.analysed({"left": leg()})
        assert rig.seen()
        rig.analysed({"left": side})
        assert rig.seen() == ()


def test_only_a_walk_is_drawn_and_only_where_its_result_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.analysed({"left": leg(), "right": leg()}, instrument="balance_static")
    assert rig.seen() == ()
    rig.analysed({"left": leg(), "right": leg()})
    for other in (HOME, COP):
        assert rig.walks.onto(other) == other
    rig.analysed({"left": {"pitch_deg": {"mean": ["no number"]}}, "right": {}})
    assert rig.seen() == ()
    rig.tell(VisitOpened(visit="w", participant="P", study="S", session=0, sessions_planned=0, simulated=True))
    assert rig.seen() == ()


def test_a_station_that_comes_back_draws_it_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.analysed({"left": leg(), "right": leg()})
    shown = rig.seen()
    again = Rig(tmp_path)
    again.analysed({"left": leg(), "right": leg()})
    assert again.seen() == shown
