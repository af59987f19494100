"""The other end of the wire, for tests: what the sensor sends. It shares nothing with the codec but the description.

`PtyPort` comes with bedside: a pseudo-terminal under a name that stays, as a USB adapter's does (`hal.sim.ports`).
"""

from pathlib import Path

from hal.sim.ports import PtyPort


class Sensor:
    """The sensor at its port: `await port.plug()` and `port.unplug()` its cable; `asked` is what it was sent."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[bytes] = []
        self.port = PtyPort(folder / "lab_imu", self.asked.append)

    def send(self, *counts: int) -> None:
        """One sample each: at rest, turning a little about its y axis."""
        self.port.write(b"".join(line(count, (0, 0, 9807), (0, count % 1000, 0)) for count in counts))


def line(count: int, accel_mm_s2: tuple[int, int, int], gyro_mrad_s: tuple[int, int, int]) -> bytes:
    """One line as the sensor sends it."""
    body = ",".join(str(value) for value in (count % 65536, *accel_mm_s2, *gyro_mrad_s))
    total = 0
    for sign in body:
        total ^= ord(sign)
    return f"#{body}*{total:02X}\r\n".encode()
