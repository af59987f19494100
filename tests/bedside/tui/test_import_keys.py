"""Another program's table as a trial, by keys: what is offered, what is asked, and what a changed list does."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands
from bedside.snapshot import Action, ImportLine, Imports, Snapshot, TrialLine
from bedside.tui import importchoice
from bedside.tui.picture import LinkState, Picture
from tests.bedside.tui.assess_scenes import COP, LIST
from tests.bedside.tui.screen import kiosk

replace = msgspec.structs.replace
FOLDER = "/data/imports"
STAND = ImportLine(
    file="stand2.csv",
    bytes=812,
    written="2026-11-21T18:02:11Z",
    mapping="plate_maker",
    title="Plate",
    holds="samples",
    verified=True,
)
RESULTS = replace(STAND, file="stand1.csv", written="2026-11-20T08:00:00Z", holds="results", verified=False)
POSSIBLE = Action(command="capture.import", label="Import a trial", enabled=True)
UP = LinkState(up=True, client="control-1", trouble="", ever=True)


def scene(imports: Imports | None, offer: Action = POSSIBLE) -> Snapshot:
    """The balance capture, open and idle, with this list of the import folder."""
    assert COP.assess is not None
    assert COP.step is not None
    capture = replace(COP.assess.capture, imports=imports)  # type: ignore[type-var]
    step = replace(COP.step, others=(*COP.step.others, offer))
    return replace(COP, utc="2026-11-21T18:05:00Z", step=step, assess=replace(COP.assess, capture=capture))


TWO = scene(Imports(folder=FOLDER, choices=(STAND, RESULTS), notes=("1 file(s) fit no mapping of balance tables",)))


async def test_a_file_is_chosen_and_asked_for_with_the_size_that_was_seen(tmp_path: Path) -> None:
    async with kiosk(tmp_path, TWO) as user:
        await user.sees("< 2 in files")
        await user.press("<")
        await user.sees("stand2.csv, 18:02 UTC, samples by plate_maker")
        await user.sees("stand1.csv, 2026-11-20, results by plate_maker, not verified")
        await user.sees(f"{FOLDER}, newest first")
        await user.press("2", "f2")
        await user.asked("capture.import")
        assert user.peer.asked == [
            commands.ImportTrial(task="static", file="stand1.csv", mapping="plate_maker", bytes=812)
        ]


async def test_escape_imports_nothing_and_a_choice_is_needed(tmp_path: Path) -> None:
    async with kiosk(tmp_path, TWO) as user:
        await user.press("<", "f2")
        await user.sees("still missing")
        await user.press("escape")
        await user.sees("not recording")
        assert user.peer.asked == []


async def test_a_file_that_changes_under_the_choice_is_not_asked_for(tmp_path: Path) -> None:
    async with kiosk(tmp_path, TWO) as user:
        await user.press("<", "1")
        later = replace(STAND, written="2026-11-21T18:05:01Z", bytes=900)
        user.peer.put(replace(scene(Imports(folder=FOLDER, choices=(later,))), n=TWO.n + 1))
        await user.until(lambda: user.app.picture.snapshot.n == TWO.n + 1, "the new list")
        await user.press("f2")
        await user.sees("has changed meanwhile")
        assert user.peer.asked == []


async def test_an_imported_trial_names_its_file(tmp_path: Path) -> None:
    line = TrialLine(task="static", trial=3, state="analysed", seconds=0.0, figure="path 40.1 cm", source="stand1.csv")
    assert TWO.assess is not None
    assert TWO.assess.capture is not None
    shown = replace(TWO.assess.capture, done=(line,))
    async with kiosk(tmp_path, replace(TWO, assess=replace(TWO.assess, capture=shown))) as user:
        await user.sees("from stand1.csv")


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (TWO, ""),
        (LIST, None),
        (COP, None),
        (scene(None), "the import folder was not looked at yet"),
        (scene(Imports(folder=FOLDER)), f"no file in {FOLDER} fits"),
        (scene(Imports(folder=FOLDER, notes=("no mapping reads gait tables",))), "no mapping reads gait tables"),
        (
            scene(None, replace(POSSIBLE, enabled=False, reason="a trial is being recorded")),
            "a trial is being recorded",
        ),
    ],
)
def test_when_the_key_works_and_what_it_says_when_it_does_not(snapshot: Snapshot, said: str | None) -> None:
    found = importchoice.offered(Picture(snapshot=replace(snapshot, controller="control-1"), link=UP))
    if said:
        assert found is not None
        assert said in found
    else:
        assert found == said
