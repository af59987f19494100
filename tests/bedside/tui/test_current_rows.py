"""Direct current on the screen: named by what it is, loud where nobody knows, within 80 columns."""

import msgspec
import pytest

from bedside.snapshot import Current
from bedside.tui.panels.current import current_rows
from bedside.tui.picture import LinkState, Picture
from bedside.tui.rows import width_of
from tests.bedside.tui.scenes import SCENES

UP = LinkState(up=True, client="control-1", trouble="", ever=True)


def lines(scene: str, **more: object) -> list[str]:
    snapshot = msgspec.structs.replace(SCENES["tsdcs"], **more) if more else SCENES[scene]
    return ["".join(text for text, _ in spans) for spans in current_rows(Picture(snapshot=snapshot, link=UP))]


def test_the_panel_is_called_what_it_is():
    assert lines("tsdcs")[0].startswith(" tsDCS at full current")
    assert "FES" not in " ".join(lines("tsdcs"))
    assert "0.10 mA/cm2 0.02 C/cm2 0.5 C, given 0.22 C" in lines("tsdcs")[1]


def test_without_current_there_are_no_rows():
    assert current_rows(Picture(snapshot=SCENES["stimulating"], link=UP)) == []


def test_a_device_that_nobody_hears_is_loud():
    spans = current_rows(Picture(snapshot=SCENES["tsdcs_unknown"], link=UP))[0]
    assert ("UNKNOWN - check device", "look") in spans
    assert "time not known" in lines("tsdcs_unknown")[1]


def test_a_station_that_does_not_answer_makes_it_unknown():
    spans = current_rows(Picture(snapshot=SCENES["tsdcs"], link=LinkState(up=False)))
    assert ("UNKNOWN - check device", "look") in spans[0]
    assert "2.48" not in str(spans)
    assert "time not known" in str(spans)


def test_privacy_hides_the_numbers():
    text = str(current_rows(Picture(snapshot=SCENES["tsdcs"], link=UP, private=True)))
    assert "hidden (F9)" in text
    assert "2.48" not in text
    assert "mA/cm2" not in text


def test_a_fault_takes_the_place_of_the_state():
    told = msgspec.structs.replace(SCENES["tsdcs"].current, fault="an electrode is off or dry", phase="ramp_down")
    assert "an electrode is off or dry" in lines("tsdcs", current=told)[0]


def test_blinded_eyes_see_state_and_clocks():
    told = Current(words="electrical stimulation", elapsed_s=100.0, remaining_s=130.0)
    assert lines("tsdcs", current=told) == [" tsDCS electrical stimulation", "       elapsed 1:40 left 2:10"]


@pytest.mark.parametrize("kohm", [5.1, 19.9])
def test_it_fits_eighty_columns(kohm):
    told = msgspec.structs.replace(
        SCENES["tsdcs"].current,
        words="current ended, trigger runs",
        impedance_kohm=kohm,
        elapsed_s=1195.0,
        remaining_s=1235.0,
        charge_density_c_cm2=0.12,
        plateau_c=3.0,
        given_c=3.04,
        battery_pct=100.0,
    )
    snapshot = msgspec.structs.replace(SCENES["tsdcs"], current=told)
    assert max(width_of(spans) for spans in current_rows(Picture(snapshot=snapshot, link=UP))) <= 80
