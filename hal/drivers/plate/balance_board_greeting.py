"""How a balance board is made to speak: its sensors started, its identity and calibration read and checked."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from hal.device import LinkNotFound, NoAnswer, Refused
from hal.drivers.plate import balance_board_codec as codec
from hal.drivers.plate.balance_board_codec import Acknowledged, BoardStatus, MemoryPart, Message

ANSWER_S = 0.5
TRIES = 3
T = TypeVar("T", bound=Message)


class Greeting:
    """One conversation, from a fresh link on. `write` takes reports, `hear` must be told what the board says."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._said: asyncio.Queue[Message] = asyncio.Queue()

    def hear(self, message: Message) -> None:
        """The board said this."""
        self._said.put_nowait(message)

    async def calibration(self, *, trust: bool) -> codec.BoardCalibration:
        """Light on, sensors started, identity checked: the calibration.

        `trust` takes one whose checksum does not fit. Raises `NoAnswer`, `LinkNotFound` for another device, `Refused`
        for a damaged calibration.
        """
        self._write(codec.LED_ON)
        await self._answer(codec.ASK_STATUS, BoardStatus, lambda status: status.extension)
        for address, data in codec.START_EXTENSION:
            await self._answer(
                codec.write_memory(address, data), Acknowledged, lambda said: said.report == 0x16 and not said.error
            )
        identity = await self._memory(codec.ID_ADDRESS, len(codec.IDENTITY))
        if identity != codec.IDENTITY:
            raise LinkNotFound(
                f"this is no balance board: it calls itself {identity.hex(' ')}", remedy="correct the plate's address"
            )
        return await self._checked(trust)

    async def _checked(self, trust: bool) -> codec.BoardCalibration:
        block = await self._memory(codec.CALIBRATION_ADDRESS, codec.CALIBRATION_BYTES)
        head = await self._memory(codec.HEAD_ADDRESS, 2)
        checksum = await self._memory(codec.CHECKSUM_ADDRESS, 4)
        reference = await self._memory(codec.REFERENCE_ADDRESS, 2)
        try:
            return codec.parse_calibration(block, head, reference, checksum, trust=trust)
        except codec.CalibrationError as error:
            raise Refused(
                f"this board must not be used: {error}", remedy="use another board, or have this one checked"
            ) from error

    async def _memory(self, address: int, size: int) -> bytes:
        """`size` bytes of the board's memory; raises `NoAnswer`."""
        found = b""
        for _ in range(TRIES):
            self._write(codec.read_memory(address, size))
            found = b""
            while len(found) < size:
                part = await self._next(MemoryPart, _starts_at(address + len(found)))
                if part is None or part.error:
                    break
                found += part.data
            if len(found) == size:
                return found
        raise NoAnswer("the board does not tell its calibration", remedy="switch the board off and on")

    async def _answer(self, report: bytes, kind: type[T], wanted: Callable[[T], bool]) -> T:
        """What the board says to `report`; raises `NoAnswer` after `TRIES`."""
        for _ in range(TRIES):
            self._write(report)
            if (said := await self._next(kind, wanted)) is not None:
                return said
        raise NoAnswer("the board does not answer", remedy="press the board's button, check its batteries")

    async def _next(self, kind: type[T], wanted: Callable[[T], bool]) -> T | None:
        """The next message of this kind that is `wanted`; None when none came in time."""
        try:
            async with asyncio.timeout(ANSWER_S):
                while True:
                    said = await self._said.get()
                    if isinstance(said, kind) and wanted(said):
                        return said
        except TimeoutError:
            return None


def _starts_at(address: int) -> Callable[[MemoryPart], bool]:
    return lambda part: part.offset == address & 0xFFFF
