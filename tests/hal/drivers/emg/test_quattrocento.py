"""The Quattrocento driver against a scripted amplifier on a real TCP socket."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from hal.device import HealthChanged, Reading, SetupError
from hal.drivers.emg.quattrocento import Quattrocento
from hal.drivers.emg.quattrocento_codec import UV_PER_COUNT, Configuration
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import EmgBlock
from tests.helpers.far_ends import TcpEnd, finishes, until

IMPATIENT = Patience(silence_s=0.3, reopen_s=0.6, first_retry_s=0.02, last_retry_s=0.1)
OPTIONS = {
    "channels": [
        {"name": "TA left", "muscle": "tibialis_anterior", "side": "left", "input": 3},
        {"name": "TA right", "muscle": "tibialis_anterior", "side": "right", "input": 1},
    ]
}
START = Configuration().command(acquire=True)
STOP = Configuration().command(acquire=False)
BLOCK = 102


class Amplifier:
    """Samples whose every value tells its column and number; column 96 is AUX 1, 112 the counter."""

    def __init__(self, end: TcpEnd) -> None:
        self.end = end
        self.commands = bytearray()
        self.sent = 0
        self.connections = 0
        end.on_bytes = self.commands.extend
        end.on_connect = self._connected

    def _connected(self) -> None:
        self.connections += 1
        self.sent = 0

    def samples(self, rows: int, *, triggers: tuple[int, ...] = (), skip: int = 0) -> np.ndarray:
        self.sent += skip
        numbers = np.arange(self.sent, self.sent + rows)
        block = (numbers[:, None] % 100 + 100 * np.arange(120)[None, :]).astype("<i2")
        block[:, 96] = 0
        for row in triggers:
            block[row : row + 10, 96] = 32767
        block[:, 112] = (numbers % 65536).astype(np.uint16).astype(np.int16)
        self.sent += rows
        return block

    def send(self, rows: int, **how: object) -> None:
        self.end.send(self.samples(rows, **how).tobytes())


@asynccontextmanager
async def acquiring(first: int = BLOCK, **options: object) -> AsyncIterator[tuple[Quattrocento, Amplifier, list]]:
    """The driver, open and started; `first` rows are sent to start with."""
    end = TcpEnd()
    await end.plug()
    amplifier = Amplifier(end)
    emg = Quattrocento("emg", time.monotonic_ns, make_link(end.address), {**OPTIONS, **options}, IMPATIENT)
    heard: list[Reading] = []
    emg.subscribe(heard.append)
    end.on_bytes = lambda data: (amplifier.commands.extend(data), amplifier.send(first) if first else None)
    try:
        await finishes(emg.open())
        yield emg, amplifier, heard
    finally:
        end.on_bytes = amplifier.commands.extend
        await finishes(emg.close())
        await end.unplug()


def blocks(heard: list[Reading]) -> list[EmgBlock]:
    return [reading for reading in heard if isinstance(reading, EmgBlock)]


async def test_configured_channels_in_their_order_and_scale() -> None:
    async with acquiring() as (emg, amplifier, heard):
        assert bytes(amplifier.commands) == START
        await until(lambda: blocks(heard))
        (block,) = blocks(heard)
        assert [channel.name for channel in emg.channels] == ["TA left", "TA right"]
        np.testing.assert_array_equal(block.counts[:, 0], np.arange(BLOCK) % 100 + 200)
        np.testing.assert_array_equal(block.counts[:, 1], np.arange(BLOCK) % 100)
        assert (block.first_sample, block.lost, block.triggers, block.rate_hz) == (0, 0, (), 5120.0)
        assert block.samples_uv[0, 0] == pytest.approx(200 * UV_PER_COUNT)
        assert emg.health.state == "ok"
        assert emg.health.error == ""
    await until(lambda: bytes(amplifier.commands).endswith(STOP))


async def test_triggers_carry_the_running_sample_index() -> None:
    async with acquiring() as (_, amplifier, heard):
        amplifier.send(200, triggers=(50, 120))
        amplifier.send(BLOCK)
        await until(lambda: sum(len(block.counts) for block in blocks(heard)) >= 2 * BLOCK + 200)
        assert [index for block in blocks(heard) for index in block.triggers] == [BLOCK + 50, BLOCK + 120]


async def test_lost_samples_split_the_block_and_keep_the_index() -> None:
    async with acquiring() as (emg, amplifier, heard):
        await until(lambda: blocks(heard))
        one = amplifier.samples(60)
        two = amplifier.samples(60, skip=33, triggers=(7,))
        amplifier.end.send(np.concatenate((one, two)).tobytes())
        await until(lambda: len(blocks(heard)) >= 3)
        _, before, after = blocks(heard)
        assert (before.first_sample, before.lost, len(before.counts)) == (BLOCK, 0, 60)
        assert (after.first_sample, after.lost, len(after.counts)) == (BLOCK + 60 + 33, 33, 60)
        assert after.triggers == (BLOCK + 60 + 33 + 7,)
        assert after.counts[0, 1] == (BLOCK + 93) % 100
        assert emg.health.dropped == 33


async def test_bytes_out_of_step_start_the_acquisition_anew() -> None:
    async with acquiring() as (emg, amplifier, heard):
        await until(lambda: blocks(heard))
        amplifier.end.send(b"x")
        amplifier.send(300)
        await until(lambda: amplifier.connections == 2)
        await until(lambda: emg.health.state == "ok")
        assert any("out of step" in r.health.error for r in heard if isinstance(r, HealthChanged))
        first = blocks(heard)[0]
        resumed = blocks(heard)[-1]
        assert resumed.lost > 0
        assert resumed.first_sample == first.first_sample + len(first.counts) + resumed.lost


async def test_silence_is_noticed_and_the_acquisition_started_again() -> None:
    async with acquiring() as (emg, amplifier, _):
        await until(lambda: emg.health.state == "silent")
        await until(lambda: amplifier.connections >= 2)
        await until(lambda: emg.health.state == "ok")
        assert emg.health.reconnects >= 1


async def test_an_amplifier_that_sends_nothing_is_silent_not_ok() -> None:
    async with acquiring(first=0) as (emg, amplifier, _):
        assert emg.health.state == "silent"
        assert emg.health.remedy
        assert amplifier.commands[:40] == START


async def test_a_counter_that_stands_still_is_said() -> None:
    async with acquiring() as (emg, amplifier, heard):
        await until(lambda: blocks(heard))
        still = amplifier.samples(BLOCK)
        still[:, 112] = 7
        amplifier.end.send(still.tobytes())
        amplifier.end.send(still.tobytes())
        await until(lambda: "counter stands still" in emg.health.error)
        assert emg.health.state == "ok"


async def test_small_pieces_become_blocks() -> None:
    async with acquiring() as (_, amplifier, heard):
        data = amplifier.samples(3 * BLOCK).tobytes()
        for at in range(0, len(data), 1111):
            amplifier.end.send(data[at : at + 1111])
        await until(lambda: sum(len(block.counts) for block in blocks(heard)) >= 3 * BLOCK)
        assert all(len(block.counts) >= BLOCK - 1 for block in blocks(heard)[:-1])


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({}, "channels"),
        ({"channels": []}, "at least one channel"),
        ({"channels": [{**OPTIONS["channels"][0], "input": 97}]}, "input from 1 to 96"),
        ({**OPTIONS, "rate_hz": 5000}, "rate_hz must be one of 512, 2048, 5120, 10240"),
        ({**OPTIONS, "mode": "monpolar"}, "mode must be one of"),
        ({**OPTIONS, "trigger_aux": 17}, "trigger_aux must be 1 to 16"),
        ({**OPTIONS, "rate": 5120}, "did you mean rate_hz"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        Quattrocento("emg", time.monotonic_ns, make_link("tcp:127.0.0.1:1"), options)
