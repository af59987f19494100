"""`bedside doctor` before every far end, healthy and with each fault: what it says, in words for a therapist.

The drivers are the real ones, over pseudo-terminals, sockets and a private D-Bus, at real time. Each batch gives one
fault to each far end that has any left, so that every driver meets every fault that applies to it.
"""

import asyncio
import re
from pathlib import Path

import pytest

from bedside import doctor_devices
from bedside.config import load_station
from bedside.doctor_devices import Check, check_bluetooth, check_devices
from hal.links import ble_radio, lsl_library
from hal.sim.far_end import BLUETOOTH, FAR_ENDS
from hal.sim.hands import Hands
from tests.helpers.bluetooth import bluetooth
from tests.helpers.station_process import Bedside, bedside_at
from tests.helpers.tools import need_module
from tests.helpers.ward import ALWAYS, device_of, ward

NEAR = "switch it on, charge it, bring it near"
SILENT = "no message|nothing answers|does not answer|does not tell"
IMU_SILENT = (SILENT, "switch|charged")
FAULTS: dict[str, list[tuple[str, str, str]]] = {
    "stimulator": [
        ("silence", "does not answer|no message", "power|cable"),
        ("cable_out", "does not exist", "plug in the cable"),
        ("garbage", "no message|messages were lost", "power|cable"),
        ("truncated", "no message|messages were lost", "power|cable"),
        ("mute", "does not answer|no message", "power|cable"),
    ],
    "emg": [
        ("silence", SILENT, "power"),
        ("cable_out", "Nothing listens on", "switch the device on"),
    ],
    "robot": [
        ("silence", "Robot state unknown", "power"),
        ("cable_out", "Robot state unknown", "switch the device on"),
        ("garbage", "Robot state unknown|messages were lost", "power|cable"),
        ("other_list", "it sends 13 values, 27 are needed", "list of values"),
    ],
    "magstim_rapid2": [
        ("silence", "Nothing answers on this port|No message", "power"),
        ("coil_out", "No coil is connected", "plug the coil in"),
    ],
    "magstim_200": [
        ("cable_out", "does not exist", "plug in the cable"),
        ("device_error", "The stimulator reports error", "read the code on its screen"),
    ],
    "magstim_bistim": [
        ("garbage", "not as a Magstim BiStim-2", "correct the port or the model"),
        ("truncated", "not as a Magstim BiStim-2", "correct the port or the model"),
    ],
    "trigger_box": [("cable_out", "does not exist", "plug in the cable")],
    "trigger_line": [
        ("silence", "does not answer as a port server", "port server is on"),
        ("cable_out", "Nothing listens on", "switch the device on"),
    ],
    "escd": [
        ("silence", SILENT, "is current flowing"),
        ("cable_out", "does not exist", "plug in the cable"),
        ("low_battery:25", "Battery below 30 %", "charge it"),
    ],
    "escd_ble": [
        ("garbage", "no", "is current flowing"),
        ("cable_out", "not in reach", NEAR),
        ("low_battery", "Battery", "charge it"),
    ],
    "sessantaquattro": [
        ("silence", SILENT, "the amplifier"),
        ("cable_out", "Waiting for the device to connect", "switch it on"),
        ("garbage", "out of step|lost", "check"),
        ("freeze", "counter stands still|no channel moves", "amplifier"),
        ("loss:5", "samples were lost|out of step", "check"),
    ],
    "bitalino": [
        ("silence", SILENT, "charged and paired"),
        ("cable_out", "does not exist", "plug in the cable"),
        ("garbage", "no message|samples were lost", "charged and paired|check its cable"),
        ("loss:20", "samples were lost", "check its cable"),
    ],
    "cyton": [
        ("silence", SILENT, "on and charged"),
        ("cable_out", "does not exist", "plug in the cable"),
        ("garbage", "no message|samples were lost", "on and charged|check its cable"),
        ("loss:20", "samples were lost", "check its cable"),
    ],
    "delsys": [
        ("silence", SILENT, "control utility runs"),
        ("cable_out", "Nothing listens on", "switch the device on"),
        ("garbage", "out of step|no message|were lost", "check"),
        ("freeze", "No channel moves", "electrodes"),
    ],
    "lsl_emg": [
        ("silence", SILENT, "program that sends"),
        ("cable_out", "No LSL stream", "program that sends the stream runs"),
        ("freeze", "time stamps stand still|no channel moves", "program that sends"),
    ],
    "imu_foot_left": [
        ("silence", *IMU_SILENT),
        ("loss:20", "were lost on the air|samples a second arrive", "near|close"),
    ],
    "imu_foot_right": [("low_battery", "battery is nearly empty", "charge it"), ("cable_out", "not in reach", NEAR)],
    "imu_thigh": [
        ("garbage", "cannot be read|does not|and it tells|end of its range", "switch|fasten"),
        ("freeze", "measures nothing", "off and on"),
    ],
    "imu_shank": [("freeze", "measures nothing", "off and on"), ("silence", *IMU_SILENT)],
    "imu_nus_left": [
        ("silence", *IMU_SILENT),
        ("cable_out", "not in reach", NEAR),
        ("loss:40", "samples were lost on the air|no message", "closer|charged"),
    ],
    "imu_nus_right": [
        ("garbage", "no message|samples were lost", "closer|charged"),
        ("freeze", "measures nothing", "off and on"),
        ("low_battery", "battery is nearly empty", "charge it"),
    ],
    "imu_nus_thigh_left": [("silence", *IMU_SILENT)],
    "imu_nus_thigh_right": [("cable_out", "not in reach", NEAR)],
    "imu_nus_shank_left": [("freeze", "measures nothing", "off and on")],
    "imu_nus_shank_right": [("low_battery", "battery is nearly empty", "charge it")],
    "imu_capture2go": [
        ("silence", *IMU_SILENT),
        ("cable_out", "not in reach", NEAR),
        ("garbage", "does not answer|samples were lost|no message", "switch|closer|charged"),
        ("freeze", "measures nothing", "off and on"),
        ("low_battery", "battery is nearly empty", "charge it"),
    ],
    "imu_dot": [
        ("silence", *IMU_SILENT),
        ("cable_out", "not in reach", NEAR),
        ("loss:20", "samples were lost on the air", "closer"),
        ("freeze", "measures nothing", "off and on"),
        ("low_battery", "battery is nearly empty", "charge it"),
    ],
    "balance_board": [
        ("silence", SILENT, "batteries|power"),
        ("cable_out", "is not there", "pair it"),
        ("garbage", "does not answer|samples were lost|no message", "batteries|power|check its cable"),
        ("freeze", "measures nothing", "off and on"),
        ("low_battery", "battery is nearly empty", "before the visit"),
    ],
    "force_board": [
        ("silence", SILENT, "power"),
        ("garbage", "no message|samples were lost", "power|cable"),
        ("freeze", "measures nothing", "off and on"),
    ],
    "force_board_dual": [
        ("cable_out", "does not exist", "plug in the cable"),
        ("truncated", "no message|samples were lost", "power|cable"),
        ("loss:20", "samples were lost", "cable"),
    ],
    "ftms": [
        ("silence", "Belt state unknown", "charged and near"),
        ("cable_out", "Belt state unknown", NEAR),
        ("garbage", "messages were lost|Belt state unknown", "closer|charged"),
        ("truncated", "messages were lost|Belt state unknown", "closer|charged"),
        ("safety_key", "emergency stop is pressed", "release it"),
    ],
    "trackmaster": [
        ("silence", "Belt state unknown", "power"),
        ("cable_out", "Belt state unknown", "plug in the cable"),
        ("garbage", "Belt state unknown|messages were lost", "power|cable"),
        ("truncated", "Belt state unknown|messages were lost", "power|cable"),
    ],
    "openexo": [
        ("silence", "Exoskeleton state unknown", "charged and near"),
        ("cable_out", "Exoskeleton state unknown", NEAR),
        ("garbage", "Exoskeleton state unknown|messages were lost", "charged|closer"),
        ("device_error", "fault: motor timeout", "restart the exoskeleton"),
    ],
    "emergency_stop": [
        ("silence", "does not answer as a port server", "port server is on"),
        ("cable_out", "Nothing listens on", "switch the device on"),
    ],
    "foot_switch": [
        ("cable_out", "Nothing listens on", "switch the device on"),
        ("silence", "does not answer as a port server", "port server is on"),
    ],
}
"""For each far end: fault, what the line must say, and what its remedy must say (regular expressions)."""
BATCHES = max(len(faults) for faults in FAULTS.values())
BATTERY = {"escd", "escd_ble", "imu_foot_left", "imu_nus_left", "imu_capture2go", "imu_dot", "balance_board"}
FORBIDDEN = re.compile(
    r"\b(Link(Lost|Busy|Denied|NotFound)|NoAnswer|Refused|SetupError|\w+(Error|Exception)|errno|Traceback|None|nan|pty|"
    r"D-?Bus|ATT|GATT|org\.|bleak|asyncio|characteristic|UUID|0x[0-9a-f]+|register|fd|EOF|ioctl|stack|HID|frames?)\b"
)


def no_such_module(name: str) -> None:
    """As where it is not installed."""
    raise ModuleNotFoundError(f"No module named {name!r}")


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait and listen for no longer than a simulated device takes."""
    monkeypatch.setattr(doctor_devices, "SETTLE_S", 0.3)
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 2.0)
    monkeypatch.setattr(ble_radio, "SCAN_S", 2.0)


def in_plain_words(check: Check) -> bool:
    """Whether a therapist can read it: no names from inside a program, every trouble with a remedy."""
    told = f"{re.sub(r' at [a-z]+:[^ ]+: ', ' ', check.text)} {check.remedy}"
    assert not FORBIDDEN.search(told), f"{check.name}: {FORBIDDEN.search(told)} in {told}"
    return check.ok or bool(check.remedy)


def test_every_far_end_has_a_place_in_the_table() -> None:
    assert set(FAULTS) == {*FAR_ENDS, *ALWAYS}


async def test_all_far_ends_are_well_and_tell_battery_signal_and_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_module("pylsl")
    async with bluetooth(tmp_path) as air, ward(tmp_path, FAR_ENDS, monkeypatch, bus=air.bus.address) as beds:
        found = await beds.examine()
        if not all(check.ok for check in found.values()):
            # Six boxes and all far ends share one loop here: while it loads them, a plate's samples may get lost.
            found = await beds.examine()
    assert [check for check in found.values() if not check.ok or not in_plain_words(check)] == []
    for name, kind in FAR_ENDS.items():
        text = found[device_of(name)].text
        assert f"{kind.role} at " in text
        assert "(SIMULATED)" in text
        assert name not in BATTERY or "battery" in text, text
        assert kind.transport != BLUETOOTH or "signal -" in text, text
        assert kind.role not in ("emg", "imu", "plate") or re.search(r"\d Hz", text), text
    assert found["bluetooth"].text == "adapter hci0 is on"
    assert "zero it with nobody on it" in found["force_board"].text


@pytest.mark.parametrize("batch", range(BATCHES))
async def test_each_fault_is_told_with_a_remedy(batch: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("pylsl")
    faulty = {name: faults[batch] for name, faults in FAULTS.items() if batch < len(faults)}
    specs = tuple(f"{name}.{fault}" for name, (fault, _, _) in faulty.items())
    async with (
        bluetooth(tmp_path) as air,
        ward(tmp_path, faulty, monkeypatch, bus=air.bus.address, faults=specs) as beds,
    ):
        found = await beds.examine()
        fired = beds.fired()
    missed = []
    for name, (fault, text, remedy) in faulty.items():
        check = found[device_of(name)]
        struck = fired[f"{name}.{re.split('[:@]', fault)[0]}"] is not None
        told = not check.ok and re.search(text, check.text, re.I) and re.search(remedy, check.remedy)
        if not (struck and told and in_plain_words(check)):
            missed.append((name, fault, struck, check))
    assert not missed, "\n".join(map(str, missed))


async def test_the_rest_of_the_faults_of_what_every_world_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone: making thousands of samples a second of many channels would hold up the loop of all others."""
    faults = ("emg.lost_samples:50@0+600", "robot.e_stop")
    words = {"quattrocento": "samples were lost", "corc_robot": "stop is pressed"}
    async with ward(tmp_path, ["emg", "robot"], monkeypatch, faults=faults) as beds:
        found = await beds.examine()
        fired = beds.fired()
    assert [name for name, at_s in fired.items() if at_s is None] == []
    assert missed(found, words) == [], found
    assert all(in_plain_words(check) for check in found.values())


@pytest.mark.parametrize("action", ["off", "die"])
async def test_bluetooth_that_is_off_or_gone_is_told_once_for_the_box_and_at_each_device(
    action: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.2)
    async with bluetooth(tmp_path) as air, ward(tmp_path, ["imu_foot_left"], monkeypatch, bus=air.bus.address) as beds:
        air.radio.mishap(action)
        found = await beds.examine()
    words = "switched off" if action == "off" else "service is not running"
    for name in ("bluetooth", "imu_foot_left"):
        assert not found[name].ok
        assert words in found[name].text
        assert "technician" in found[name].remedy
        assert in_plain_words(found[name])


async def test_without_a_bluetooth_device_nothing_is_said_of_bluetooth() -> None:
    assert await check_bluetooth(["serial:/dev/ttyUSB0", "sim://line:/dev/ttyUSB1", "manual"]) == []


async def test_a_pressed_switch_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.2)
    async with ward(tmp_path, ["emergency_stop", "foot_switch", "robot"], monkeypatch) as beds:
        beds.hands.robot("e_stop")
        for name in ("emergency_stop", "foot_switch"):
            beds.hands.button(name)
        found = await beds.examine()
        beds.hands.robot("release")
        for name in ("emergency_stop", "foot_switch"):
            beds.hands.button(name, pressed=False)
        released = await beds.examine()
    for name in ("emergency_stop", "corc_robot"):
        assert "The emergency stop is pressed" in found[name].text
        assert "release it" in found[name].remedy
    assert "The foot switch is pressed" in found["foot_switch"].text
    assert "take the foot off" in found["foot_switch"].remedy
    assert all(in_plain_words(check) and not check.ok for check in found.values())
    assert all(check.ok for check in released.values())


@pytest.mark.parametrize(
    ("code", "words", "remedy"),
    [
        ("1234-wrong", "does not accept the unlock code", "compare the unlock code"),
        ("not a code!", "not letters, digits and hyphens", "as Magstim gives it"),
        (None, "unlock code 'magstim-unlock' cannot be read", "give the service the credential"),
    ],
)
async def test_a_wrong_unlock_code_is_told(
    code: str | None, words: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.2)
    async with ward(tmp_path, ["magstim_rapid2"], monkeypatch) as beds:
        held = tmp_path / "credentials" / "magstim-unlock"
        held.unlink()
        if code is not None:
            held.write_text(code)
        found = (await beds.examine())["magstim_rapid2"]
    assert not found.ok
    assert words in found.text
    assert remedy in found.remedy
    assert in_plain_words(found)


async def test_a_library_that_is_not_installed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_module("pylsl")
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.2)
    async with ward(tmp_path, ["lsl_emg"], monkeypatch) as beds:
        monkeypatch.setattr(lsl_library, "import_module", no_such_module)
        found = (await beds.examine())["lsl_emg"]
    assert not found.ok
    assert "LSL is not installed" in found.text
    assert "install" in found.remedy
    assert in_plain_words(found)


async def test_a_running_station_s_devices_are_told_as_it_sees_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    also = ("magstim_rapid2", "delsys", "trackmaster", "escd", "imu_foot_left", "imu_nus_right", "imu_dot")
    also += ("force_board", "balance_board", "emergency_stop", "foot_switch")
    async with (
        bluetooth(tmp_path) as air,
        bedside_at(tmp_path / "bed", speed=1.0, also=also, bus=air.bus.address) as bed,
    ):
        await bed.start()
        await bed.until(lambda: states_of(bed) == dict.fromkeys(map(device_of, also), "ok"), "all devices")
        healthy = {device_of(name) for name in also}
        found = await told_by_station(bed)
        async with asyncio.timeout(15):
            while not healthy <= {name for name, check in found.items() if check.ok}:
                await asyncio.sleep(0.2)
                found = await told_by_station(bed)
        assert [check for check in found.values() if not in_plain_words(check)] == []
        faults = {
            "magstim_rapid2": ("cable_out", "end|does not exist"),
            "delsys": ("silence", "no message"),
            "trackmaster": ("silence", "belt state unknown"),
            "escd": ("cable_out", "end|does not exist"),
            "imu_foot_left": ("freeze", "measures nothing"),
            "imu_nus_right": ("cable_out", "ended|not in reach"),
            "imu_dot": ("silence", "no message"),
            "force_board": ("garbage", "no message|lost"),
            "balance_board": ("silence", "no message|does not answer"),
            "foot_switch": ("cable_out", "ended|nothing listens"),
        }
        asked = {name: bed.world.add_fault(f"{name}.{fault}") for name, (fault, _) in faults.items()}
        Hands(bed.world).button("emergency_stop")
        words = {device_of(name): text for name, (_, text) in faults.items()} | {"emergency_stop": "stop is pressed"}
        async with asyncio.timeout(15):
            while missing := missed(found, words):
                found = await told_by_station(bed)
                await asyncio.sleep(0.2)
        assert not missing
        assert all(in_plain_words(check) for check in found.values())
        assert all(fault.fired_at_s is not None for fault in asked.values())


def states_of(bed: Bedside) -> dict[str, str]:
    """The states of the devices that the therapist sees."""
    return {line.name: line.state for line in bed.picture.devices} if bed.picture is not None else {}


async def told_by_station(bed: Bedside) -> dict[str, Check]:
    config = bed.layout.config
    return {check.name: check for check in await check_devices(config, load_station(config), bed.layout.run)}


def missed(found: dict[str, Check], words: dict[str, str]) -> list[str]:
    """The devices of which the doctor does not say these words, with a remedy."""
    return [n for n, text in words.items() if found[n].ok or not re.search(text, found[n].text, re.IGNORECASE)]
