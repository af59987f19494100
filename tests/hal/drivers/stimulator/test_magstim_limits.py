"""What a Magstim may give: energy, trains, unlock codes."""

from pathlib import Path

import pytest

from hal.device import Refused, SetupError
from hal.drivers.stimulator.magstim_codec import checksum
from hal.drivers.stimulator.magstim_limits import Energy, check_power, wanted_settings
from hal.drivers.stimulator.magstim_messages import RapidSettings, widths
from hal.drivers.stimulator.magstim_unlock import check_unlock_code, read_unlock_code
from hal.roles import Train

NEW, OLD = widths(9), widths(7)
CODE = "7c1f-40b2d9aa-63"


@pytest.mark.parametrize(("power_pct", "joules"), [(10, 2.5), (30, 22.7), (50, 63.0), (80, 161.2), (100, 252.0)])
def test_energy_of_a_pulse(power_pct: int, joules: float) -> None:
    assert Energy(power_pct, 1.0).pulse_j == pytest.approx(joules, abs=0.1)


def test_at_one_hertz_every_intensity_is_continuous() -> None:
    assert all(Energy(power_pct, 1.0).continuous for power_pct in range(101))


@pytest.mark.parametrize(("rate_hz", "is_continuous"), [(4.16, True), (4.17, False)])
def test_continuous_up_to_1050_watts(rate_hz: float, is_continuous: bool) -> None:
    assert Energy(100, rate_hz).continuous is is_continuous


def test_longest_train_and_shortest_wait() -> None:
    energy = Energy(50, 30.0)
    assert energy.longest_s == pytest.approx(63_000 / (30 * 63.0))
    assert energy.wait_s(300) == pytest.approx(300 * (30 * 63.0 - 1050) / (1050 * 30))
    assert Energy(50, 1.0).wait_s(600) == 0.5


def test_the_treatment_is_two_trains_of_600() -> None:
    train = Train(rate_hz=1.0, pulses=600, trains=2, inter_train_s=1.0)
    assert wanted_settings(train, 48, NEW) == RapidSettings(48, 10, 600, 6000, 0)


def test_1200_pulses_in_one_train_are_refused_with_the_way_out() -> None:
    with pytest.raises(Refused, match=r"1200 pulses at 1 Hz is longer than the 999.9 s") as refusal:
        wanted_settings(Train(rate_hz=1.0, pulses=1200), 48, NEW)
    assert "2 x 600" in refusal.value.remedy
    with pytest.raises(Refused, match=r"longer than the 99.9 s") as refusal:
        wanted_settings(Train(rate_hz=1.0, pulses=600), 48, OLD)
    assert "at most 99 pulses" in refusal.value.remedy


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (Train(5.0, 10, burst_pulses=3, inter_pulse_s=0.02), "no bursts"),
        (Train(0.0, 10), "steps of 0.1 Hz"),
        (Train(1.25, 10), "steps of 0.1 Hz"),
        (Train(101.0, 10), "steps of 0.1 Hz"),
        (Train(10.0, 0), "takes 1 to 6000"),
        (Train(10.0, 6001), "takes 1 to 6000"),
        (Train(10.0, 10, trains=501), "500 are given"),
        (Train(3.0, 10), "whole tenths"),
        (Train(4.0, 100, trains=2, inter_train_s=0.4), "needs 0.5 s"),
        (Train(20.0, 300, trains=2, inter_train_s=10.0), "needs 43.3 s"),
        (Train(20.0, 600), "at most"),
    ],
)
def test_what_no_rapid_gives(train: Train, why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        wanted_settings(train, 90, NEW)
    assert refusal.value.remedy


@pytest.mark.parametrize("pct", [-1, 101, 110])
def test_enhanced_power_is_not_used(pct: int) -> None:
    with pytest.raises(Refused, match="outside 0 to 100"):
        check_power(pct)


# the unlock code


def test_the_code_comes_from_the_credential_with_its_hyphens(tmp_path: Path) -> None:
    (tmp_path / "magstim-unlock").write_text(CODE + "\n")
    assert read_unlock_code("magstim-unlock", {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == CODE


@pytest.mark.parametrize(
    ("credential", "folder", "why"),
    [
        ("", True, "none is configured"),
        ("magstim-unlock", False, "no credentials were handed"),
        ("another", True, "cannot be read: No such file"),
    ],
)
def test_a_missing_code_says_what_to_do(tmp_path: Path, credential: str, folder: bool, why: str) -> None:
    with pytest.raises(SetupError, match=why) as refusal:
        read_unlock_code(credential, {"CREDENTIALS_DIRECTORY": str(tmp_path)} if folder else {})
    assert "credential" in refusal.value.remedy.lower()


@pytest.mark.parametrize("code", [CODE, "A-1", "0000-00000000-00"])
def test_a_checksum_left_on_is_recognised(code: str) -> None:
    with pytest.raises(SetupError, match="still has its checksum"):
        check_unlock_code(code + chr(checksum(b"Q" + code.encode())))


@pytest.mark.parametrize("code", ["", "-", "7c1f 40b2", "7c1f-40b2d9aa-63]", "7c1f--63", "\xff"])
def test_what_is_no_code_is_refused(code: str) -> None:
    with pytest.raises(SetupError, match="letters, digits and hyphens"):
        check_unlock_code(code)
