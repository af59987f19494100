"""Valid frames of every device, from a seed, as its far end encodes them; nothing here comes from a driver."""

import random
import struct
from functools import partial
from types import SimpleNamespace

import numpy as np

from hal.sim.current import escd_wire
from hal.sim.emg import bitalino_device, cyton_device, sessantaquattro_device
from hal.sim.emg.emg_source import Rows
from hal.sim.gait import openexo_device, robot_device
from hal.sim.motion import imu_frames
from hal.sim.motion.imu_motion import Felt
from hal.sim.stimulator import magpro_wire, magstim_wire

Chance = random.Random


def crc8(data: bytes) -> int:
    """CRC-8/MAXIM, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc


def magpro(chance: Chance, n: int) -> list[bytes]:
    """Short reports, and long ones of the lengths in use; bodies of any bytes, so FE and FF are among them."""
    lengths = [chance.choice((4, 4, 4, 8, 14, 15)) for _ in range(n)]
    bodies = [bytes((chance.randrange(12),)) + chance.randbytes(length - 1) for length in lengths]
    return [magpro_wire.frame(body) for body in bodies]


def magstim(chance: Chance, n: int) -> list[bytes]:
    """A Rapid's replies: short ones and settings, with any status."""
    replies: list[bytes] = []
    for _ in range(n):
        status = bytes((chance.randrange(256), chance.randrange(256)))
        digits = b"%020d" % chance.randrange(10**20)
        body = chance.choice(
            (b"\\" + status + digits, b"F" + status[:1] + digits[:6], b"x" + status + bytes(2), b"E" + status[:1])
        )
        replies.append(magstim_wire.signed(body))
    return replies


def _counted(n: int, columns: int, counter: int, chance: Chance) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    rows = np.random.default_rng(chance.randrange(1 << 32)).integers(-3000, 3000, (n, columns)).astype("<i2")
    rows[:, counter] = np.arange(n)
    return rows


def quattrocento(chance: Chance, n: int) -> list[bytes]:
    """408 columns, the first accessory column counts."""
    return [row.tobytes() for row in _counted(n, 408, 400, chance)]


def _sessantaquattro(chance: Chance, n: int, *, wide: bool) -> list[bytes]:
    rng = np.random.default_rng(chance.randrange(1 << 32))
    rows = Rows(np.arange(n), rng.normal(0.0, 200.0, (n, 64)), np.zeros(n, bool), 0.0)
    command = sessantaquattro_device.Command(3 << 13 | 3 << 11 | wide << 7 | 1)
    data = sessantaquattro_device.encode(rows, command)
    size = len(data) // n
    return [data[at : at + size] for at in range(0, len(data), size)]


sessantaquattro_16 = partial(_sessantaquattro, wide=False)
sessantaquattro_24 = partial(_sessantaquattro, wide=True)


def delsys_samples(chance: Chance, n: int) -> list[bytes]:
    """Sixteen voltages of muscle size."""
    rng = np.random.default_rng(chance.randrange(1 << 32))
    return [row.astype("<f4").tobytes() for row in rng.normal(0.0, 2e-4, (n, 16))]


def delsys_replies(chance: Chance, n: int) -> list[bytes]:
    """Texts with a number in each."""
    return [f"OK {chance.randrange(10**6)}\r\n\r\n".encode() for _ in range(n)]


def bitalino(chance: Chance, n: int) -> list[bytes]:
    """Six channels, the counter going on."""
    widths = (10, 10, 10, 10, 6, 6)
    return [
        bitalino_device.frame([chance.getrandbits(width) for width in widths], number, chance.getrandbits(4))
        for number in range(n)
    ]


def cyton(chance: Chance, n: int) -> list[bytes]:
    """Eight channels, the counter going on."""
    return [
        cyton_device.packet([chance.gauss(0.0, 500.0) for _ in range(8)], number, chance.randbytes(6), 0xC0)
        for number in range(n)
    ]


def corc(chance: Chance, n: int) -> list[bytes]:
    """27 values."""
    return [robot_device.value_frame(tuple(chance.gauss(0.0, 50.0) for _ in range(27))) for _ in range(n)]


def openexo(chance: Chance, n: int) -> list[bytes]:
    """Real-time frames, and a battery now and then."""
    frames: list[bytes] = []
    for _ in range(n):
        command, count = chance.choice((("?", 10), ("?", 10), ("?", 10), ("~", 1)))
        frames.append(openexo_device.frame_bytes(command, [chance.gauss(0.0, 30.0) for _ in range(count)]))
    return frames


def trackmaster(chance: Chance, n: int) -> list[bytes]:
    """Speeds, the belt's state, acknowledgements."""
    return [
        chance.choice((b"\xd1%04d", b"\xd3%04d")) % chance.randrange(301)
        if chance.random() < 0.8
        else chance.choice((b"\xd02", b"\xb3", b"\xb0"))
        for _ in range(n)
    ]


def ftms(chance: Chance, n: int) -> list[tuple[bytes, ...]]:
    """Accounts in two packets, distance first, or in one."""
    accounts: list[tuple[bytes, ...]] = []
    for _ in range(n):
        first = struct.pack("<H", 0x0005) + chance.randbytes(3)
        last = struct.pack("<HHH", 0x0400, chance.randrange(2000), chance.randrange(1 << 16))
        accounts.append((first, last) if chance.random() < 0.7 else (last,))
    return accounts


def balance_board(chance: Chance, n: int) -> list[bytes]:
    """Weights, a status now and then."""
    status = bytes((0x20, 0, 0, 0x02, 0, 0, 180))
    return [status if chance.random() < 0.05 else b"\x32\0\0" + chance.randbytes(8) for _ in range(n)]


def force_board(chance: Chance, n: int) -> list[bytes]:
    """Lines of eight cells."""
    lines: list[bytes] = []
    for number in range(n):
        cells = (chance.randrange(-(1 << 23), 1 << 23) for _ in range(8))
        body = f"B,{number},{number * 12500},{','.join(map(str, cells))},".encode()
        lines.append(body + b"%02x\r\n" % crc8(body))
    return lines


def escd(chance: Chance, n: int) -> list[bytes]:
    """Statuses of any numbers, and acknowledgements."""
    frames: list[bytes] = []
    for number in range(n):
        seq = number % 256
        if chance.random() < 0.3:
            frames.append(escd_wire.ack(escd_wire.Request(chance.randrange(1, 6), seq, b""), chance.randrange(10)))
            continue
        short, long = (lambda: chance.randrange(1 << 16)), (lambda: chance.randrange(1 << 32))
        numbers = (chance.randrange(7), chance.randrange(9), short(), short(), short())
        account = escd_wire.Account(*numbers, chance.randrange(256), 90, long(), long(), long(), long(), short())
        frames.append(escd_wire.status(seq, account))
    return frames


def _felt(chance: Chance, n: int) -> Felt:
    rng = np.random.default_rng(chance.randrange(1 << 32))
    return SimpleNamespace(  # type: ignore[return-value]  # the encoders read these three arrays alone
        accel_m_s2=rng.normal(0.0, 12.0, (n, 3)),
        gyro_rad_s=rng.normal(0.0, 3.0, (n, 3)),
        field_ut=rng.normal(0.0, 40.0, (n, 3)),
    )


def witmotion(chance: Chance, n: int) -> list[bytes]:
    """Samples, and registers now and then."""
    rows = imu_frames.counts(_felt(chance, n))
    return [
        imu_frames.witmotion_registers(0x40, [chance.randrange(1 << 16) for _ in range(8)])
        if chance.random() < 0.05
        else imu_frames.witmotion_sample(row)
        for row in rows
    ]


def capture2go(chance: Chance, n: int) -> list[bytes]:
    """Packages of eight samples, a status now and then."""
    packages: list[bytes] = []
    for number in range(n):
        at_ns = number * 40_000_000
        rows = imu_frames.counts(_felt(chance, 8), field_ut_per_count=1 / 16)
        samples = imu_frames.capture2go_package(0x0221, imu_frames.capture2go_samples(at_ns, rows, 0))
        status = imu_frames.capture2go_package(0x0201, imu_frames.capture2go_status(at_ns, 2, 80))
        packages.append(status if chance.random() < 0.1 else samples)
    return packages


def dot(chance: Chance, n: int) -> list[bytes]:
    """Payloads with orientation, acceleration and turn rate."""
    felt = _felt(chance, n)
    return [imu_frames.dot_payload(26, row * 16667, felt, row) for row in range(n)]


def nus_imu(chance: Chance, n: int) -> list[bytes]:
    """Frames of one to ten samples with a magnetometer."""
    frames: list[bytes] = []
    for number in range(n):
        rows = imu_frames.counts(_felt(chance, chance.randrange(1, 11)), field_ut_per_count=0.15)
        frames.append(imu_frames.nus_frame(number * 10, number * 50_000, rows, 80))
    return frames


def modem_states(chance: Chance, n: int) -> list[bytes]:
    """What a serial port server tells of its input lines; FF in a value is sent twice."""
    states = (bytes((chance.randrange(256),)).replace(b"\xff", b"\xff\xff") for _ in range(n))
    return [b"\xff\xfa\x2c\x6b" + state + b"\xff\xf0" for state in states]
