"""Delsys Trigno over TCP, through the maker's control utility on its Windows computer (ports 50040 and 50041).

The utility numbers no samples: what is lost between the sensors and it cannot be seen here, and that is said. The
stimulator's trigger reaches the stream only through a sensor that takes an analog input; without one the amplifier is
for envelopes alone. Not tried on hardware: see `delsys_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from hal.device import NoAnswer, Refused, SetupError
from hal.drivers.emg.delsys_codec import DONE, RAIL_UV, RATE_HZ, SENSORS, START, STOP, Replies, SampleStream, encode
from hal.drivers.emg.emg_blocks import BlockMaker, ChannelOption, check_channels
from hal.drivers.emg.emg_device import EMG_PATIENCE, EmgDevice
from hal.drivers.emg.sampled import EdgeDetector
from hal.linked import Patience
from hal.links.base import Link
from hal.links.tcp import TcpLink
from hal.options import parse_options

ANSWER_S = 2.0
STOP_S = 0.1
_CHECK_UTILITY = "on the Windows computer, check that the control utility runs and its sensors are on and paired"


@dataclass(frozen=True, slots=True)
class DelsysOptions:
    """Options of a device file. `trigger_sensor` is the sensor (1..16) with the stimulator's trigger, 0 for none.

    The data port is `data_port_offset` above the command port.
    """

    channels: tuple[ChannelOption, ...]
    trigger_sensor: int = 0
    trigger_v: float = 1.5
    data_port_offset: int = 1
    block_ms: float = 20.0

    def __post_init__(self) -> None:
        check_channels(self.channels, SENSORS)
        if not 0 <= self.trigger_sensor <= SENSORS or not 0.0005 <= self.trigger_v <= 4.5:
            raise ValueError(f"trigger_sensor must be 0 to {SENSORS}, trigger_v 0.0005 to 4.5")
        if any(channel.input == self.trigger_sensor for channel in self.channels):
            raise ValueError("the trigger's sensor cannot be a muscle's")
        if not 1 <= self.block_ms <= 500:
            raise ValueError("block_ms must be 1 to 500")


class Delsys(EmgDevice):
    """A `hal.roles.EmgAmplifier`."""

    rail_counts = RAIL_UV
    silent_remedy = _CHECK_UTILITY

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = EMG_PATIENCE,
    ) -> None:
        self.options = parse_options(DelsysOptions, options or {}, device=name)
        super().__init__(name, now_ns, link, patience, self.options.channels, BlockMaker(1.0, RATE_HZ))
        self._data_link = _beside(link, self.options.data_port_offset, name)
        self._block_bytes = round(self.options.block_ms * RATE_HZ / 1000) * 4 * SENSORS
        self.greeting = ""
        self._restart()

    @property
    def suits_meps(self) -> bool:
        """Whether one of its sensors carries the stimulator's trigger."""
        return self.options.trigger_sensor > 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What it does not tell."""
        return ("its samples carry no number: lost samples cannot be seen",)

    def on_link_up(self) -> None:
        """Forget what was half received."""
        super().on_link_up()
        self._restart()

    def on_bytes(self, data: bytes) -> None:
        """Take replies of the command port."""
        for reply in self._replies.feed(data):
            if self._asked and not self._answer.done():
                self._answer.set_result(reply)
            else:
                self.greeting = self.greeting or reply
                self._greeted.set()

    async def talk(self) -> None:
        """Open the data port, wait for the greeting, start, take samples until the link ends.

        What came after the start would pass for its answer. Raises `NoAnswer`, `Refused`, `LinkError`.
        """
        try:
            await self._data_link.open()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._greeted.wait(), ANSWER_S)
            await self._command(START)
            while True:
                self._take(await self._data_link.read())
        finally:
            self._data_link.close()

    async def goodbye(self) -> None:
        """Stop: the utility would go on streaming."""
        self.link.write(encode(STOP))
        await asyncio.sleep(STOP_S)

    async def _command(self, command: str) -> None:
        self._answer = asyncio.get_running_loop().create_future()
        self._asked = True
        self.link.write(encode(command))
        try:
            reply = await asyncio.wait_for(self._answer, ANSWER_S)
        except TimeoutError:
            raise NoAnswer(f"the control utility does not answer {command}", remedy=_CHECK_UTILITY) from None
        finally:
            self._asked = False
        if not reply.startswith(DONE):
            raise Refused(f"the control utility refuses {command}: {reply}", remedy=_CHECK_UTILITY)

    def _restart(self) -> None:
        self._replies = Replies()
        self._stream = SampleStream()
        self._edges = EdgeDetector(self.options.trigger_v)
        self._waiting = bytearray()
        self._greeted = asyncio.Event()
        self._asked = False

    def _take(self, data: bytes) -> None:
        self._waiting += data
        if len(self._waiting) < self._block_bytes:
            return
        volts = self._stream.feed(bytes(self._waiting))
        self._waiting.clear()
        sensor = self.options.trigger_sensor
        if volts is None:
            self.deliver(np.empty((0, SENSORS), np.float32), None, [])
        elif len(volts):
            rises = self._edges.feed(volts[:, sensor - 1]) if sensor else []
            self.deliver(np.multiply(volts, np.float32(1e6)), [], rises)


def _beside(link: Link, offset: int, name: str) -> TcpLink:
    """The link to the port `offset` above the one of `link`, on the same host; raises `SetupError`."""
    scheme, _, rest = link.address.partition(":")
    parts = urlsplit(f"//{rest}")
    if scheme != "tcp" or not parts.hostname or not parts.port:
        what = "this amplifier needs an address tcp:HOST:50040"
        raise SetupError(what, device=name, remedy="correct the address", key="address")
    number = parts.port + offset
    return TcpLink(f"tcp:{parts.netloc.rpartition(':')[0]}:{number}", host=parts.hostname, port=number)
