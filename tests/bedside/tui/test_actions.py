"""The registry: one key one meaning, keys every terminal can send, every command reachable, README in step."""

import re
from pathlib import Path
from typing import get_args

import pytest

from bedside.commands import Answer, AnyCommand, ImportRobot, name_of
from bedside.tui.actions import ACTIONS, BY_ID, for_role, markdown_table
from bedside.tui.app import BedsideApp
from bedside.tui.deedkinds import Local
from bedside.tui.deeds import DEEDS
from bedside.tui.nextoffer import next_offer
from bedside.tui.picture import LinkState, Picture
from tests.bedside.tui.belt_scenes import BELT_SCENES
from tests.bedside.tui.scenes import SCENES

README = Path(__file__).parents[3] / "README.md"
UP = LinkState(up=True, client="control-1", trouble="", ever=True)
SIGNS = "space|enter|exclamation_mark|asterisk|plus|minus|comma|full_stop|less_than_sign|(left|right)_parenthesis"
SENDABLE = re.compile(rf"f([1-9]|12)|[a-zA-Z0-9]|{SIGNS}")


def seen(name: str, **more: object) -> Picture:
    return Picture(snapshot=SCENES[name], link=UP, **more)  # type: ignore[arg-type]


def test_no_key_means_two_things_at_a_time() -> None:
    assert len({action.id for action in ACTIONS}) == len(ACTIONS)
    for scene in (SCENES | BELT_SCENES).values():
        picture = Picture(snapshot=scene, link=UP)
        keys = [key for action in ACTIONS if action.state(picture) is not None for key in action.keys]
        assert len(keys) == len(set(keys)), keys


def test_only_a_commanded_belt_gives_a_key_a_second_meaning() -> None:
    keys = [key for action in ACTIONS if not action.id.startswith("belt_") for key in action.keys]
    assert len(keys) == len(set(keys))


def test_every_key_survives_every_terminal() -> None:
    assert all(SENDABLE.fullmatch(key) for action in ACTIONS for key in action.keys)


def test_every_binding_comes_from_the_registry() -> None:
    bound = {binding.action for binding in BedsideApp.BINDINGS}
    assert bound == {f"do('{action.id}')" for action in ACTIONS}


def test_every_local_deed_exists() -> None:
    for action in ACTIONS:
        if isinstance(action.deed, Local):
            assert callable(getattr(BedsideApp, action.deed.method))


def test_every_command_of_the_station_can_be_asked() -> None:
    tags = {name_of(command) for command in get_args(AnyCommand)}
    by_forms = {name_of(Answer)}  # type: ignore[arg-type]
    by_programs = {name_of(ImportRobot)}  # type: ignore[arg-type]
    assert tags - by_forms - by_programs <= set(DEEDS)


def test_stop_has_priority_and_belongs_to_everybody() -> None:
    for role in ("control", "observe"):
        assert BY_ID["stop"] in for_role(role)
    assert BY_ID["stop"].priority
    assert BY_ID["stop"].state(Picture()) == ""


def test_watcher_has_no_key_that_commands() -> None:
    assert {action.id for action in for_role("observe")} == {
        "stop",
        "stop_letter",
        "emergency",
        "plot",
        "devices",
        "privacy",
        "help",
        "quit",
        "list",
        "scale",
        "feedback",
    }


@pytest.mark.parametrize(
    ("scene", "command"),
    [
        ("start", "staff.sign_in"),
        ("signed_in", "visit.open"),
        ("hotspot", "pulse.fire"),
        ("prompted", "operator.type"),
        ("contact", "contact.confirm"),
        ("interrupted", "visit.resume"),
        ("paused", "run.resume"),
        ("signoff", "visit.sign"),
    ],
)
def test_next_action_of_each_moment(scene: str, command: str) -> None:
    offer = next_offer(seen(scene))
    assert offer is not None
    assert (offer.command, offer.enabled) == (command, True)


def test_next_action_is_greyed_for_who_may_not() -> None:
    watcher = next_offer(seen("hotspot", role="observe"))
    assert watcher is not None
    assert (watcher.enabled, watcher.reason) == (False, "watching only")


def test_quit_is_refused_while_pulses_may_come() -> None:
    assert BY_ID["quit"].state(seen("stimulating")) == "stop stimulation first"
    assert BY_ID["quit"].state(seen("paused")) == ""
    assert BY_ID["quit"].state(seen("paused", can_quit=False)) is None


def test_readme_has_this_table() -> None:
    marked = re.search(r"<!-- keys -->\n(.*?)\n<!-- /keys -->", README.read_text(encoding="utf-8"), re.DOTALL)
    assert marked is not None, "the README's table of keys stands between <!-- keys --> and <!-- /keys -->"
    assert marked.group(1).strip() == markdown_table()
