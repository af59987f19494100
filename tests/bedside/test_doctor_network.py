"""Whether an amplifier's samples may wait in the kernel for a program that stalls."""

from pathlib import Path

import pytest

from bedside.config import DeviceConfig
from bedside.doctor import check_network
from hal.links.tcp import RECEIVE_BUFFER_BYTES

SYSCTL = Path(__file__).parents[2] / "systemd" / "bedside.sysctl"
AMPLIFIER = DeviceConfig(id="emg", title="EMG", driver="quattrocento", role="emg", address="tcp:169.254.1.10:23456")


def limited(folder: Path, limit_bytes: int) -> Path:
    path = folder / "rmem_max"
    path.write_text(f"{limit_bytes}\n")
    return path


def test_a_kernel_that_holds_too_little_is_told_with_what_to_install(tmp_path: Path) -> None:
    (check,) = check_network([AMPLIFIER], limited(tmp_path, 212_992))
    assert not check.ok
    assert check.text.startswith("0.2 MB of an amplifier's samples may wait")
    assert SYSCTL.name in check.remedy
    (check,) = check_network([AMPLIFIER], limited(tmp_path, RECEIVE_BUFFER_BYTES))
    assert check.ok


def test_the_shipped_limit_is_what_a_connection_asks_for() -> None:
    settings = dict(line.split(" = ") for line in SYSCTL.read_text().splitlines() if not line.startswith("#"))
    assert settings == {"net.core.rmem_max": str(RECEIVE_BUFFER_BYTES)}


@pytest.mark.parametrize(
    ("role", "address"), [("emg", "serial:/dev/ttyUSB0"), ("robot", "tcp:1.2.3.4:5"), ("emg", "sim://tcp:127.0.0.1:1")]
)
def test_nothing_is_said_where_no_amplifier_speaks_tcp(tmp_path: Path, role: str, address: str) -> None:
    device = DeviceConfig(id="it", title="it", driver="any", role=role, address=address)
    assert check_network([device], limited(tmp_path, 1000)) == []


def test_a_kernel_that_does_not_tell_is_not_judged(tmp_path: Path) -> None:
    assert check_network([AMPLIFIER], tmp_path / "absent") == []
