"""Every codec against the full rate of its device, and the amplifier's driver on a real socket at 60 x real time.

Floors in the same run: copying the same bytes, and a bare socket loop that takes them and throws them away.
"""

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Callable

import numpy as np

from hal.device import Reading
from hal.drivers.emg.quattrocento import Quattrocento
from hal.drivers.emg.quattrocento_codec import Configuration
from hal.drivers.gait.corc_codec import Frame, FrameParser
from hal.drivers.gait.corc_codec import encode_frame as encode_corc
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator.magpro_codec import StreamParser, encode_frame
from hal.links.address import make_link
from hal.roles import EmgBlock
from tests.helpers.codec_table import CODECS, Codec, whole

SPEED = 60
SECONDS = 4.0
CHANNELS, RATE_HZ = 120, 5120
SAMPLE_BYTES = 2 * CHANNELS
SERIAL_BYTES_S = 3840
ROBOT_BYTES_S = 255 * 100
LEAST_TIMES = 50
ENOUGH_S = 0.5


def verdict(held: bool) -> str:
    return "PASS" if held else "FAIL"


def bytes_per_s(feed: Callable[[bytes], object], data: bytes, chunk: int) -> float:
    """How fast `feed` takes `data` in chunks (bytes/s of CPU time)."""
    start = time.process_time()
    for at in range(0, len(data), chunk):
        feed(data[at : at + chunk])
    return len(data) / (time.process_time() - start)


def parser(name: str, feed: Callable[[bytes], object], data: bytes, line_bytes_s: float) -> bool:
    """Print one parser's speed as a multiple of its line at 60 x real time; the bar is 2 (half a core)."""
    speed, floor = bytes_per_s(feed, data, 64), bytes_per_s(bytearray().extend, data, 64)
    ratio = speed / (line_bytes_s * SPEED)
    print(f"{name}: {speed / 1e6:.2f} MB/s = {speed / line_bytes_s:.0f} x its line", end="")
    print(f" (floor, copying: {floor / 1e6:.0f} MB/s); bar {2 * SPEED} x  {verdict(ratio >= 2)}")
    return ratio >= 2


def fed_for(feed: Callable[[bytes], object], pieces: list[bytes]) -> float:
    """How fast `feed` takes `pieces`, over and over for `ENOUGH_S` of CPU time (bytes/s)."""
    size, taken, start = sum(map(len, pieces)), 0, time.process_time()
    while (used := time.process_time() - start) < ENOUGH_S:
        for piece in pieces:
            feed(piece)
        taken += size
    return taken / used


def pieces_of(codec: Codec) -> list[bytes]:
    """The codec's pool as reads bring it."""
    units = [piece for unit in codec.pool for piece in unit]
    if codec.framing == "packets":
        return units
    stream = b"".join(units)
    return [codec.wrap(stream[at : at + codec.chunk]) for at in range(0, len(stream), codec.chunk)]


def of_table(codec: Codec) -> bool:
    """Print one codec's speed as a multiple of its device's full rate; every frame has to come out."""
    pieces, feed = pieces_of(codec), codec.make().feed
    heard = sum(len(whole(feed(piece))) for piece in pieces)
    speed, floor = fed_for(codec.make().feed, pieces), fed_for(copied, pieces)
    times, least = speed / codec.line_bytes_s, len(codec.pool) - (codec.waits > 0)
    held = times >= LEAST_TIMES and heard >= least
    print(f"{codec.name}: {speed / 1e6:.2f} MB/s = {times:.0f} x its {codec.line_bytes_s:.0f} bytes/s ", end="")
    size = "one notification" if codec.framing == "packets" else f"{codec.chunk} bytes"
    print(f"({codec.source}), {size} a time; {heard} of {len(codec.pool)} messages; ", end="")
    print(f"floor, copying: {floor / 1e6:.0f} MB/s; bar {LEAST_TIMES} x  {verdict(held)}")
    return held


def copied(data: bytes) -> bytearray:
    """The least that can be done with bytes that are to be kept."""
    return bytearray(data)


def send(listener: socket.socket) -> None:
    """A device that waits for its start command and then sends counted samples at `SPEED` x real time."""
    link, _ = listener.accept()
    with link:
        link.recv(40)
        rows, layout = 65536, Configuration()
        block = np.random.default_rng(1).integers(-200, 200, (rows, CHANNELS), dtype="<i2")
        block[:, layout.aux_column(1)] = 0
        block[100::RATE_HZ, layout.aux_column(1)] = 32767
        block[:, layout.counter_column] = np.arange(rows, dtype=np.uint16).astype(np.int16)
        data = memoryview(block.tobytes())
        piece = rows // 64 * SAMPLE_BYTES
        start, sent = time.monotonic(), 0
        while time.monotonic() - start < SECONDS:
            link.sendall(data[sent % len(data) :][:piece])
            sent += piece
            time.sleep(max(0.0, start + sent / (RATE_HZ * SAMPLE_BYTES * SPEED) - time.monotonic()))


def with_device(listen: Callable[[int], tuple[float, ...]]) -> tuple[float, ...]:
    """What `listen(port)` measures of a device in a process of its own."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        device = multiprocessing.get_context("fork").Process(target=send, args=(listener,))
        device.start()
        try:
            return listen(listener.getsockname()[1])
        finally:
            device.join()


def bare(number: int) -> tuple[float, ...]:
    """CPU seconds and bytes/s of a loop that takes everything and looks at nothing."""
    with socket.create_connection(("127.0.0.1", number)) as link:
        link.sendall(bytes(40))
        start, cpu, taken = time.monotonic(), time.process_time(), 0
        while got := len(link.recv(1 << 18)):
            taken += got
        return time.process_time() - cpu, taken / (time.monotonic() - start)


async def drive(number: int) -> tuple[float, ...]:
    """CPU seconds, bytes/s, samples lost and triggers of the driver, until the device hangs up."""
    channels = [{"name": f"{n}", "muscle": "soleus", "side": "left", "input": n} for n in range(1, 9)]
    emg = Quattrocento("emg", time.monotonic_ns, make_link(f"tcp:127.0.0.1:{number}"), {"channels": channels})
    samples = lost = triggers = 0

    def take(reading: Reading) -> None:
        nonlocal samples, lost, triggers
        if isinstance(reading, EmgBlock):
            samples, lost = samples + len(reading.counts), lost + reading.lost
            triggers += len(reading.triggers)

    emg.subscribe(take)
    start, cpu = time.monotonic(), time.process_time()
    await emg.open()
    while emg.health.state == "ok":
        await asyncio.sleep(0.05)
    used, took = time.process_time() - cpu, time.monotonic() - start
    await emg.close()
    return used, samples * SAMPLE_BYTES / took, lost, triggers


def amplifier() -> bool:
    """Print the driver's share of a core at 60 x real time; the bar is half a core, nothing lost."""
    floor_cpu, floor_bytes_s = with_device(bare)
    cpu, bytes_s, lost, triggers = with_device(lambda number: asyncio.run(drive(number)))
    share, floor = 100 * cpu / SECONDS, 100 * floor_cpu / SECONDS
    times = bytes_s / (RATE_HZ * SAMPLE_BYTES)
    held = share <= 50 and times >= 0.9 * SPEED and lost == 0 and triggers > 0
    print(f"amplifier over TCP, {CHANNELS} channels at {times:.0f} x real time ({bytes_s / 1e6:.0f} MB/s): ", end="")
    print(f"{share:.0f} % of a core, lost {lost:.0f}, triggers {triggers:.0f}; ", end="")
    print(f"floor, a bare loop at {floor_bytes_s / 1e6:.0f} MB/s: {floor:.0f} %; bar 50 %  {verdict(held)}")
    return held


def main() -> bool | None:
    """Measure and print; False when a figure does not hold."""
    status = encode_frame(commands.LONG_STATUS + bytes(range(14)))
    noise = np.random.default_rng(1).integers(0, 256, 19 * 4000, dtype=np.uint8).tobytes()
    frame = encode_corc(Frame(tuple(float(n) for n in range(27))))
    held = [
        parser("MagPro, clean line", StreamParser().feed, status * 20_000, SERIAL_BYTES_S),
        parser("MagPro, half garbage", StreamParser().feed, noise + status * 4000, SERIAL_BYTES_S),
        parser("CORC robot", FrameParser().feed, frame * 5000, ROBOT_BYTES_S),
        *(of_table(codec) for codec in CODECS),
        amplifier(),
    ]
    return None if all(held) else False


if __name__ == "__main__":
    raise SystemExit(main() is False)
