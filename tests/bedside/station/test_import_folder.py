"""The import folder: every file that is not taken is refused by name, and nothing is left of it in the visit."""

import errno
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedside.commands import ImportTrial
from bedside.config import ConfigError
from bedside.record.fsutil import write_whole
from bedside.refusal import Refusal
from bedside.station import import_folder
from bedside.station.executive import Executive
from bedside.station.import_folder import MOST_BYTES, Fingerprint, entries, take
from bedside.station.importing import Imports, Wanted
from tests.helpers.bed import CONFIGS
from tests.helpers.vendor_tables import RESULTS, RESULTS_HEAD, STAND_HEAD, rows, stand, walk_results, walk_samples

STANDING = Wanted(visit="v1", instrument="balance_static", task="eyes_open", trial=2, kind="balance")
WALKING = Wanted(visit="v1", instrument="gait_overground", task="walk_10m", trial=1, kind="gait")


class Box:
    """A data folder with an import folder."""

    def __init__(self, root: Path) -> None:
        self.imports = Imports(CONFIGS, root)
        self.folder = self.imports.folder
        self.folder.mkdir()
        self.visits = root / "visits"

    def put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path

    def refused(self, name: str, mapping: str = "example_balance_samples", **more: object) -> Refusal:
        """The refusal of this file; nothing of it is kept."""
        wanted = WALKING if "gait" in mapping else STANDING
        with pytest.raises(Refusal) as caught:
            self.read(name, mapping, wanted, **more)
        assert not list(self.visits.glob("v1/imports/*"))
        return caught.value

    def read(self, name: str, mapping: str, wanted: Wanted = STANDING, **more: object) -> object:
        asked = ImportTrial(task=wanted.task, file=name, mapping=mapping, bytes=more.get("bytes"))  # type: ignore[arg-type]
        return self.imports.read(asked, wanted, listed_only=bool(more.get("listed_only")))


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_a_table_is_kept_with_its_mapping_and_its_hash(box: Box) -> None:
    data = stand()
    box.put("stand 2.csv", data)
    read = box.imports.read(
        ImportTrial(task="eyes_open", file="stand 2.csv", mapping="example_balance_samples", bytes=len(data)), STANDING
    )
    found = read.found
    kept = box.visits / "v1" / found.kept
    assert (found.kept, kept.read_bytes()) == ("imports/balance_static-eyes_open-2.csv", data)
    mapping = CONFIGS / "imports" / "example_balance_samples.toml"
    assert (box.visits / "v1" / found.mapping_kept).read_bytes() == mapping.read_bytes()
    assert (found.seconds, found.bytes, found.holds, found.verified) == (40.0, len(data), "samples", False)
    box.imports.drop(found, "v1")
    assert not list(box.visits.glob("v1/imports/*"))


@pytest.mark.parametrize(
    "name", ["../secret.csv", "/etc/passwd", "", ".", "..", "sub/stand.csv", "a\x1b[2J.csv", ".hidden.csv", "a\n.csv"]
)
def test_a_name_that_is_none_of_the_folder_is_refused(box: Box, name: str) -> None:
    (box.folder.parent / "secret.csv").write_bytes(stand())
    assert "is no file of the import folder" in box.refused(name).reason


def test_links_pipes_and_folders_are_not_followed_or_opened(box: Box) -> None:
    outside = box.folder.parent / "secret.csv"
    outside.write_bytes(stand())
    (box.folder / "link.csv").symlink_to(outside)
    (box.folder / "folder.csv").mkdir()
    os.mkfifo(box.folder / "pipe.csv")
    assert box.refused("link.csv").reason == "link.csv is a link"
    assert box.refused("folder.csv").reason == "folder.csv is no file"
    assert box.refused("pipe.csv").reason == "pipe.csv is no file"
    assert entries(box.folder) == []


def test_what_is_not_there_empty_or_too_large(box: Box) -> None:
    box.put("empty.csv", b"")
    with box.put("large.csv", b"").open("r+b") as file:
        file.truncate(MOST_BYTES + 1)
    gone = box.refused("gone.csv")
    assert gone.reason == "gone.csv is not in the import folder"
    assert str(box.folder) in gone.remedy
    assert box.refused("empty.csv").reason == "empty.csv is empty"
    assert box.refused("large.csv").reason == "large.csv is larger than 8 MiB"
    assert entries(box.folder) == []


@pytest.mark.parametrize(("call", "code"), [("open", errno.EACCES), ("read", errno.EIO)])
def test_a_file_that_may_not_be_read_or_whose_stick_is_pulled(
    box: Box, monkeypatch: pytest.MonkeyPatch, call: str, code: int
) -> None:
    box.put("stand.csv", stand())
    real, fired = getattr(os, call), threading.Event()

    def failing(what: object, *more: object, **named: object) -> object:
        if what == "stand.csv" or call == "read":
            fired.set()
            raise OSError(code, os.strerror(code))
        return real(what, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing)
        refusal = box.refused("stand.csv")
    assert fired.is_set()
    assert refusal.reason == f"stand.csv cannot be read: {os.strerror(code)}"
    assert refusal.remedy


def test_a_file_of_another_size_than_was_listed(box: Box) -> None:
    box.put("stand.csv", stand())
    assert "has changed since it was listed: 17 bytes then" in box.refused("stand.csv", bytes=17).reason


@pytest.mark.parametrize("change", ["append", "replace"])
def test_a_file_that_changes_while_it_is_read(box: Box, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    path = box.put("stand.csv", stand())
    fired = threading.Event()
    whole: Callable[[int, int], bytes] = import_folder._all_of

    def meddled(fd: int, most: int) -> bytes:
        data = whole(fd, most)
        if change == "append":
            with path.open("ab") as file:
                file.write(b"41.0,1.0,1.0\n")
        else:
            other = box.folder.parent / "other"
            other.write_bytes(stand(radius_mm=11.0))
            other.replace(path)
        fired.set()
        return data

    monkeypatch.setattr(import_folder, "_all_of", meddled)
    assert box.refused("stand.csv").reason == "stand.csv was changed while it was read"
    assert fired.is_set()


def test_the_check_for_changes_is_what_finds_them(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fingerprint that never differs, the torn file would be taken: the test above does not pass by chance."""
    path = box.put("stand.csv", stand())
    whole = import_folder._all_of

    def meddled(fd: int, most: int) -> bytes:
        data = whole(fd, most)
        path.write_bytes(stand(radius_mm=11.0))
        return data

    monkeypatch.setattr(import_folder, "_all_of", meddled)
    size = path.stat().st_size
    monkeypatch.setattr(import_folder, "_fingerprint", lambda told: Fingerprint(1, size, 1))
    assert take(box.folder, "stand.csv").data == stand()


@pytest.mark.parametrize(
    ("mapping", "data", "said", "remedy"),
    [
        (
            "example_balance_samples",
            stand().replace(b"COP ML (mm)", b"COP ML (m)"),
            "x.csv line 1, column 'COP ML (m)': is in m, the mapping says mm",
            'write unit = "m"',
        ),
        (
            "example_balance_samples",
            stand().replace(b"COP AP", b"COP XX"),
            "x.csv line 1, column 'COP AP': is not there",
            "COP XX",
        ),
        ("example_balance_samples", stand(seconds=0.05), "x.csv: too short: 6 rows", "whole trial"),
        (
            "example_balance_samples",
            rows(STAND_HEAD, [(n / 100, 9999.0, 0.0) for n in range(20)]),
            "column 'COP ML': 9999.0000 cannot be right: 999.9 is outside -100 to 100",
            "check the unit",
        ),
        (
            "example_balance_samples",
            rows(STAND_HEAD, [(1.0, 0.0, 0.0)] * 20),
            "x.csv line 3, column 'Time': 1 s does not come after 1 s",
            "more decimals",
        ),
        ("example_balance_samples", b"\xff\xfe\x00", "x.csv: is not utf-8", "file.encoding"),
        ("example_gait_results", walk_results(f"{RESULTS}\n{RESULTS}"), "x.csv line 3: 2 rows of results", "one trial"),
        (
            "example_gait_results",
            walk_results(head=RESULTS_HEAD.replace("[cm/s]", "[m/s]")),
            "column 'Speed [m/s]': is in m/s, the mapping says cm/s",
            'unit = "m/s"',
        ),
        (
            "example_gait_results",
            walk_results(RESULTS.replace("38,1", "381")),
            "column 'Swing L': 381 cannot be right",
            "check the unit",
        ),
        ("example_gait_results", walk_results(";".join("-" * 11)), "every mapped cell is empty", "look at the export"),
    ],
    ids=range(10),
)
def test_what_the_mapping_does_not_read_is_refused_by_file_line_and_column(
    box: Box, mapping: str, data: bytes, said: str, remedy: str
) -> None:
    box.put("x.csv", data)
    refusal = box.refused("x.csv", mapping)
    assert said in refusal.reason
    assert remedy in refusal.remedy
    assert str(box.folder) not in refusal.reason


def test_an_assessor_is_told_nothing_of_a_file_that_is_not_on_the_list(box: Box) -> None:
    box.put("x.csv", b"Guidance,Speed\n100,0.5\n")
    assert "Guidance" in str(box.refused("x.csv"))
    refusal = box.refused("x.csv", listed_only=True)
    assert refusal.reason == "x.csv does not fit 'example_balance_samples'"


def test_a_mapping_of_another_kind_and_one_that_is_not_there(box: Box) -> None:
    box.put("x.csv", stand())
    with pytest.raises(Refusal, match="reads gait tables"):
        box.read("x.csv", "example_gait_results", STANDING)
    with pytest.raises(ConfigError, match="there is no 'plate_maker'"):
        box.read("x.csv", "plate_maker")


def test_a_file_of_another_visit_is_refused_and_in_the_same_visit_the_rules_decide(box: Box) -> None:
    box.put("stand.csv", stand())
    box.read("stand.csv", "example_balance_samples")
    box.read("stand.csv", "example_balance_samples")
    with pytest.raises(Refusal, match=r"stand\.csv was imported in another visit already"):
        box.read("stand.csv", "example_balance_samples", Wanted("v2", "balance_static", "eyes_open", 1, "balance"))


def test_a_disk_without_room_is_a_refusal(box: Box) -> None:
    box.put("stand.csv", stand())
    (box.visits / "v1").mkdir(parents=True)
    (box.visits / "v1" / "imports").write_text("in the way")
    with pytest.raises(Refusal, match=r"stand\.csv cannot be kept"):
        box.read("stand.csv", "example_balance_samples")


def test_a_disk_that_is_full_half_way_keeps_neither_table_nor_mapping(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.put("stand.csv", stand())
    written: list[Path] = []

    def full(path: Path, data: bytes) -> None:
        if written:
            path.with_name(path.name + ".tmp").write_bytes(data[:100])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written.append(path)
        write_whole(path, data)

    monkeypatch.setattr("bedside.station.importing.write_whole", full)
    assert box.refused("stand.csv").reason == "stand.csv cannot be kept: No space left on device"
    assert written


@pytest.mark.parametrize("second", [-(2**40), 2**38])
def test_a_stick_with_an_impossible_clock_ends_nothing(box: Box, second: int) -> None:
    assert Fingerprint(1, 2, second * 10**9).written == ""
    assert Fingerprint(1, 2, 1_000_000_000 * 10**9).written == "2001-09-09T01:46:40Z"


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ([n * 1e-5 for n in range(20)], "a sample every 1e-05 s cannot be right"),
        ([n * 10.0 for n in range(20)], "a sample every 10 s cannot be right"),
        ([*(n * 0.01 for n in range(19)), 1e300], "20 samples where"),
        ([*(n * 0.01 for n in range(19)), 0.185], "a step of 5 ms among steps of 10 ms"),
        ([*(n * 0.01 for n in range(19)), 1e306], "20 samples where"),
    ],
    ids=range(5),
)
def test_times_that_no_clock_has_are_refused(box: Box, times: list[float], said: str) -> None:
    lines = [f"{time!r},{','.join(['0.1'] * 12)}" for time in times]
    head = walk_samples(np.zeros((1, 6)), np.zeros((1, 6)), 100.0).decode().splitlines()[0]
    box.put("walk.csv", "\n".join([head, *lines]).encode())
    assert said in box.refused("walk.csv", "example_gait_samples").reason


@given(st.binary(max_size=300), st.sampled_from(["samples", "results"]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_end_in_anything_but_a_refusal(box: Box, tail: bytes, holds: str) -> None:
    head = STAND_HEAD.encode() if holds == "samples" else b"Path length;Area;Mean X;Mean Y;Mean velocity"
    box.put("x.csv", head + b"\n" + tail)
    with suppress(Refusal):
        box.read("x.csv", f"example_balance_{holds}")


@pytest.mark.parametrize("ends", ["open", "closed", "another"])
async def test_a_refused_copy_goes_from_an_open_visit_and_stays_in_a_closed_one(box: Box, ends: str) -> None:
    """A visit that was closed while the file was read is sealed, and its manifest may name the copy."""
    box.put("stand.csv", stand())
    asked = ImportTrial(task="eyes_open", file="stand.csv", mapping="example_balance_samples")
    found = box.imports.read(asked, STANDING).found
    state = SimpleNamespace(
        going_on=ends != "closed", opened=SimpleNamespace(visit="v2" if ends == "another" else "v1")
    )
    core = cast("Any", SimpleNamespace(state=state, listen=lambda _: None))
    unused = cast("Any", None)
    executive = Executive(core, unused, unused, unused, unused, box.imports)

    async def refusing() -> None:
        raise Refusal("no")

    with pytest.raises(Refusal):
        await executive._kept(refusing(), found, "v1")
    assert len(list(box.visits.glob("v1/imports/*"))) == (0 if ends == "open" else 2)


async def test_a_second_import_is_refused_while_one_goes_on(box: Box) -> None:
    core = cast("Any", SimpleNamespace(listen=lambda _: None, ask=lambda *_, **__: None))
    unused = cast("Any", None)
    executive = Executive(core, unused, unused, unused, unused, box.imports)
    asked = ImportTrial(task="eyes_open", file="stand.csv", mapping="example_balance_samples")
    async with executive._one_import():
        with pytest.raises(Refusal, match="another file is being imported"):
            await executive._import(asked, None, "t.demo", cast("Any", SimpleNamespace(role="control")))
    assert executive._one_import() is executive._importing, "free again"
