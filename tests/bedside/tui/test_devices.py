"""The device page: the worst first, nothing stale shown as present, every row within the screen."""

import msgspec
import pytest

from bedside.snapshot import DeviceAttention, DeviceLine
from bedside.tui.panels.devices import device_page, device_rows
from bedside.tui.picture import LinkState, Picture
from bedside.tui.rows import Row, width_of
from tests.bedside.tui.scenes import BASE

UP = LinkState(up=True, client="control-1", trouble="", ever=True)
DOWN = LinkState(up=False, client="", trouble="the station has ended", ever=True)
IMU = DeviceLine(
    name="imu_foot_left",
    role="imu",
    address="ble:C0:10:A1:6B:7B:10",
    state="ok",
    age_s=0.1,
    simulated=True,
    battery_pct=72.0,
    rssi_dbm=-58,
    rate_hz=100.4,
    received=2903,
    clock_offset_ms=-2.3,
    clock_drift_ppm=6.0,
    clock_spread_ms=18.0,
    notes=("it sends no counter: losses are told from the arrivals",),
)
PLATE = DeviceLine(
    name="force_board",
    role="plate",
    address="serial:/a/very/long/folder/of/a/demonstration/somewhere/on/this/box/sim/force_board",
    state="silent",
    age_s=35.0,
    simulated=True,
    error="no message for 0.5 s",
    remedy="check the device's power, its cable and that the right port is configured",
    rate_hz=None,
    received=2377,
    reconnects=1,
    notes=("its zero is not known: zero it with nobody on it",),
)
STOP = DeviceLine(
    name="emergency_stop",
    role="contact",
    address="line:/dev/bedside/emergency_stop",
    state="ok",
    age_s=0.1,
    simulated=False,
)

PRESSED = DeviceAttention(what="the stop is pressed", remedy="release it when it is safe to")


def picture_of(*lines: DeviceLine, link: LinkState = UP) -> Picture:
    return Picture(snapshot=msgspec.structs.replace(BASE, devices=lines), link=link)


def text_of(rows: list[Row]) -> list[str]:
    return ["".join(part for part, _ in spans).rstrip() for spans in rows]


def changed(line: DeviceLine, **fields: object) -> DeviceLine:
    return msgspec.structs.replace(line, **fields)


def test_the_worst_come_first_and_are_counted() -> None:
    frozen = changed(IMU, name="imu_shank", error="its readings repeat themselves", remedy="switch it off and on")
    text = text_of(device_page(picture_of(STOP, IMU, frozen, PLATE), 80))
    heads = [line for line in text if line.startswith(" [")]
    assert [head[:20].replace("[ ]", "[_]").split()[:2] for head in heads] == [
        ["[_]", "force_board"],
        ["[!]", "imu_shank"],
        ["[x]", "emergency_stop"],
        ["[x]", "imu_foot_left"],
    ]
    assert text[0] == " Devices  2 of 4 need a look"
    assert text_of(device_page(picture_of(STOP, IMU), 80))[0] == " Devices  all 2 are well"


@pytest.mark.parametrize("width", [60, 80, 100])
def test_long_addresses_lose_their_beginning_and_nothing_leaves_the_screen(width: int) -> None:
    page = device_page(picture_of(IMU, PLATE, changed(STOP, attention=(PRESSED,))), width)
    assert all(width_of(spans) <= width for spans in page)
    head = next(line for line in text_of(page) if "force_board" in line)
    assert "35 s old" in head
    assert "reconnected 1x" in head
    assert head.endswith("simulated") or width < 80
    assert width < 80 or "…" in head
    assert "sim/force_board" in head or width < 100


def test_what_is_wrong_stands_right_below_its_device_with_what_to_do() -> None:
    text = text_of(device_page(picture_of(PLATE), 80))
    assert text[3] == "     no message for 0.5 s"
    assert text[4].startswith("     → check the device's power")
    assert "     its zero is not known: zero it with nobody on it" in text


def test_what_somebody_has_to_see_to_is_shown_as_trouble_with_what_to_do() -> None:
    hot = DeviceAttention(what="the coil is at 41 C", remedy="let it cool")
    text = text_of(device_page(picture_of(IMU, changed(STOP, attention=(PRESSED, hot), notes=("it is new",))), 80))
    assert text[2].startswith(" [!] emergency_stop")
    assert text[3:7] == [f"     {line}" for part in (PRESSED, hot) for line in (part.what, f"→ {part.remedy}")]
    assert text[7] == "     it is new"
    assert text[0] == " Devices  1 of 2 need a look"


@pytest.mark.parametrize(
    ("fields", "mark"),
    [
        ({}, "[x]"),
        ({"battery_pct": 9.0}, "[!]"),
        ({"lost": 40}, "[!]"),
        ({"lost": 20}, "[x]"),
        ({"received": 10, "lost": 5}, "[x]"),
        ({"error": "its readings repeat themselves"}, "[!]"),
        ({"state": "lost"}, "[ ]"),
    ],
)
def test_marks(fields: dict[str, object], mark: str) -> None:
    assert text_of(device_rows(picture_of(changed(IMU, **fields)), 80))[0].startswith(f" {mark} imu_foot_left")


def test_what_a_silent_device_told_is_not_shown_as_if_it_were_now() -> None:
    now = text_of(device_page(picture_of(IMU), 80))
    assert now[3].startswith("     battery 72 %  signal -58 dBm  100.4 Hz  none of 2903 lost")
    for page in (picture_of(changed(IMU, state="lost")), picture_of(IMU, link=DOWN)):
        told = device_page(page, 80)
        assert text_of(told)[3].startswith("     last told:  battery 72 %")
        assert {style for _, style in told[3] if _.strip()} == {"dim"}


def test_without_the_station_nothing_is_known() -> None:
    text = text_of(device_page(picture_of(IMU, link=DOWN), 80))
    assert text[0] == " Devices"
    assert text[2].startswith(" [ ] imu_foot_left   not known")


def test_losses_are_told_with_their_share() -> None:
    text = " ".join(text_of(device_page(picture_of(changed(IMU, lost=97)), 80)))
    assert "lost 97 of 3000 (3.2 %)" in text


def test_a_remark_that_the_error_says_already_is_left_out() -> None:
    words = "its readings repeat themselves: it measures nothing"
    text = text_of(device_page(picture_of(changed(IMU, error=words, notes=(words,))), 80))
    assert sum(words in line for line in text) == 1


def test_the_last_error_of_a_device_that_is_well_again_stands_dim_with_its_age() -> None:
    well = changed(IMU, last_error="no message for 0.5 s", last_error_age_s=42.0, reconnects=1)
    page = device_page(picture_of(well), 80)
    (row,) = [row for row in page if "last error" in text_of([row])[0]]
    assert text_of([row]) == ["     last error, 42 s ago: no message for 0.5 s"]
    assert {style for part, style in row if part.strip()} == {"dim"}
    assert text_of(page)[2].startswith(" [x]"), "it is no trouble any more"
    later = " ".join(text_of(device_page(picture_of(changed(well, last_error_age_s=3_725.0)), 80)))
    assert "last error, 1:02:05 ago" in later
    present = changed(well, error="no message for 0.5 s", state="silent")
    assert "last error" not in " ".join(text_of(device_page(picture_of(present), 80)))
    assert "last error" not in " ".join(text_of(device_page(picture_of(IMU), 80)))
