"""What the treatment panel shows of the stimulator's own word on whether it is enabled."""

import msgspec
import pytest

from bedside.snapshot import RunWord
from bedside.tui.panels.treatment import CELL_WIDTHS, stimulator_cells
from bedside.tui.picture import Picture
from tests.bedside.tui.scenes import SCENES
from tests.bedside.tui.test_pure import UP


def cell(word: RunWord, enabled: bool | None, *, said: int = 41, private: bool = False) -> tuple[str, str]:
    scene = SCENES["stimulating"]
    assert scene.run is not None
    run = msgspec.structs.replace(scene.run, word=word, enabled=enabled, reported_pct_mso=said)
    picture = Picture(snapshot=msgspec.structs.replace(scene, run=run), link=UP, private=private)
    note = stimulator_cells(picture)[0][2]
    assert len(note[0]) < CELL_WIDTHS[2]
    return note


@pytest.mark.parametrize(
    ("word", "enabled", "note"),
    [
        ("STIMULATING", True, ("device 41 on", "dim")),
        ("READY", True, ("device 41 on", "dim")),
        ("PAUSED", False, ("device 41 off", "dim")),
        ("ENDED", None, ("device 41", "dim")),
        ("PAUSED", True, ("DEVICE 41 ON", "look")),
        ("UNKNOWN", True, ("DEVICE 41 ON", "look")),
        ("OFF", True, ("DEVICE 41 ON", "look")),
    ],
)
def test_the_devices_own_word_stands_beside_what_was_asked(
    word: RunWord, enabled: bool | None, note: tuple[str, str]
) -> None:
    assert cell(word, enabled) == note


def test_another_amplitude_is_loud_with_it() -> None:
    assert cell("STIMULATING", True, said=100) == ("DEVICE 100 ON", "look")


def test_it_is_told_in_private_too() -> None:
    assert cell("PAUSED", True, private=True) == ("F9, device on", "look")
    assert cell("PAUSED", None, private=True) == ("F9", "dim")
