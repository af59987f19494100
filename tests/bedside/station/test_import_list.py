"""The list of what may be imported: which files, by which mappings, when, and what an assessor is shown of it."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec
import pytest

from bedside import commands as c
from bedside.assess.state import Assessment
from bedside.config.captures import load_captures
from bedside.snapshot import Imports
from bedside.station.import_folder import head
from bedside.station.import_list import HEAD_BYTES, MOST_CHOICES, ImportList, open_kind
from bedside.visit.state import Visit
from tests.bedside.tui.assess_scenes import COP
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import CONFIGS
from tests.helpers.vendor_tables import stand, walk_results

replace = msgspec.structs.replace


class Rig:
    """An import folder, a configuration with the shipped mappings, and a visit with a capture open."""

    def __init__(self, root: Path) -> None:
        self.config, self.folder = root / "config", root / "imports"
        (self.config / "imports").mkdir(parents=True)
        self.use("example_balance_samples", "example_balance_results", "example_gait_results")
        self.kind: str | None = "balance_static"
        self.changes = 0
        self.list = ImportList(self.config, self.folder, self.state, self.changed)

    def use(self, *names: str) -> None:
        for name in names:
            shutil.copy(CONFIGS / "imports" / f"{name}.toml", self.config / "imports")

    def state(self) -> Visit:
        catalogue = SimpleNamespace(captures=load_captures(CONFIGS))
        present = None if self.kind is None else Assessment("T0", (), blinded=False, open=self.kind)
        if present is not None:
            present = replace(present, works={self.kind: SimpleNamespace(trials=())})
        made = SimpleNamespace(assessment=present, going_on=True, setup=SimpleNamespace(catalogue=catalogue))
        return cast(Visit, made)

    def changed(self) -> None:
        self.changes += 1

    async def look(self) -> Imports:
        await self.list.look()
        assert self.list.present is not None
        return self.list.present


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


async def test_an_empty_folder_is_made_and_named(rig: Rig) -> None:
    assert await rig.look() == Imports(folder=str(rig.folder))
    assert rig.folder.is_dir()


async def test_a_file_is_listed_with_every_mapping_of_the_kind_that_finds_its_columns(rig: Rig) -> None:
    await rig.look()
    (rig.folder / "stand.csv").write_bytes(stand())
    (rig.folder / "walk.csv").write_bytes(walk_results())
    text = (CONFIGS / "imports" / "example_balance_samples.toml").read_text()
    (rig.config / "imports" / "plate_maker.toml").write_text(
        text.replace('"example_balance_samples"', '"plate_maker"').replace("verified = false", "verified = true")
    )
    (rig.config / "imports" / "broken.toml").write_text("id = 7\n")
    found = await rig.look()
    assert [(line.file, line.mapping, line.verified) for line in found.choices] == [
        ("stand.csv", "example_balance_samples", False),
        ("stand.csv", "plate_maker", True),
    ]
    assert any("broken.toml" in note for note in found.notes)
    assert "1 file(s) fit no mapping of balance tables" in found.notes
    rig.kind = "gait_overground"
    assert [line.file for line in (await rig.look()).choices] == ["walk.csv"]


async def test_nothing_is_listed_where_no_file_can_be_a_trial(rig: Rig) -> None:
    await rig.look()
    for kind in (None, "bbs", "cycling_5min"):
        rig.kind = kind
        await rig.list.look()
        assert rig.list.present is None
        assert rig.list.onto(COP, "control") is COP


def test_nothing_is_listed_while_a_trial_is_recorded() -> None:
    bed = AssessBed()
    assert open_kind(bed.state) is None
    bed.ask(c.OpenInstrument(instrument="sway"))
    assert open_kind(bed.state) == "balance"
    bed.ask(c.StartCapture(task="quiet"))
    assert open_kind(bed.state) is None


async def test_a_file_is_read_again_only_once_it_has_changed(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.look()
    path = rig.folder / "stand.csv"
    path.write_bytes(stand())
    reads: list[str] = []

    def read(folder: Path, name: str, most: int) -> bytes:
        reads.append(name)
        return head(folder, name, most)

    monkeypatch.setattr("bedside.station.import_list.head", read)
    first = await rig.look()
    assert await rig.look() == first
    assert reads == ["stand.csv"] * 2, "once for each mapping of the kind"
    assert rig.changes == 2, "the empty list, and this one"
    path.write_bytes(stand(radius_mm=12.5))
    await rig.look()
    assert len(reads) == 4


async def test_the_beginning_of_a_long_file_is_enough(rig: Rig) -> None:
    await rig.look()
    data = stand(seconds=300.0)
    assert len(data) > HEAD_BYTES
    (rig.folder / "long.csv").write_bytes(data)
    assert len((await rig.look()).choices) == 1


async def test_the_newest_come_first_and_not_more_than_a_screen_holds(rig: Rig) -> None:
    await rig.look()
    for number in range(MOST_CHOICES + 3):
        path = rig.folder / f"stand{number:02}.csv"
        path.write_bytes(stand(seconds=1.0 + number))
        os.utime(path, (1e9 + number, 1e9 + number))
    found = await rig.look()
    assert len(found.choices) == MOST_CHOICES
    assert found.choices[0].file == f"stand{MOST_CHOICES + 2}.csv"
    assert found.choices[0].written.startswith("2001-09-09T01:4")
    assert "3 older ones are not listed" in found.notes[0]


async def test_an_assessor_is_shown_what_fits_and_no_remark_on_the_rest(rig: Rig) -> None:
    await rig.look()
    (rig.folder / "stand.csv").write_bytes(stand())
    (rig.folder / "active arm.csv").write_bytes(b"Guidance;Speed\n100;0,5\n")
    found = await rig.look()
    for role, notes in (("control", found.notes), ("assess", ())):
        shown = rig.list.onto(COP, role)  # type: ignore[arg-type]
        assert shown.assess is not None
        assert shown.assess.capture is not None
        assert shown.assess.capture.imports == replace(found, notes=notes)
        assert "active arm" not in str(shown)


async def test_whatever_goes_wrong_in_the_folder_the_station_goes_on(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    await rig.look()
    (rig.folder / "stand.csv").write_bytes(stand())

    def broken(folder: Path, name: str, most: int) -> bytes:
        raise ArithmeticError("not foreseen")

    monkeypatch.setattr("bedside.station.import_list.head", broken)
    found = await rig.look()
    assert found.choices == ()
    assert "not foreseen" in found.notes[0]
