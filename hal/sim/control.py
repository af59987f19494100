"""The client of the control channel: simulated hands for scripts and tests."""

import asyncio
import json
from pathlib import Path
from types import TracebackType
from typing import Any

SOCKET_NAME = "sim.sock"
MAX_LINE = 1 << 24


class SimRefused(Exception):
    """The simulated world refused a command; the message says why."""


class SimControl:
    """One connection to a simulated world: `async with SimControl(folder) as sim: await sim.ask("coil", x_cm=1.0)`.

    `folder` is the world's own. Raises OSError when no world is there and ConnectionError when it has ended.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / SOCKET_NAME
        self._turn = asyncio.Lock()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> "SimControl":
        self._streams = await asyncio.open_unix_connection(str(self._path), limit=MAX_LINE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Carry out one command of `hal.sim.hands`; its reply without `ok`. Raises `SimRefused`."""
        if self._streams is None:
            raise ConnectionError("not connected to a simulated world")
        reader, writer = self._streams
        async with self._turn:
            writer.write(json.dumps({"do": command, **arguments}).encode() + b"\n")
            await writer.drain()
            line = await reader.readline()
        if not line:
            raise ConnectionError("the simulated world has ended")
        reply: dict[str, Any] = json.loads(line)
        if not reply.pop("ok"):
            raise SimRefused(reply["error"])
        return reply

    async def coil(self, **placement: float | bool) -> None:
        """Hold the coil at any of x_cm, y_cm (from the vertex), rotation_deg, tilt_deg, contact."""
        await self.ask("coil", **placement)

    async def robot(self, action: str, **settings: float) -> None:
        """Press a button of the robot's panel: fit, stand, walk, stop, e_stop, release, off."""
        await self.ask("robot", action=action, **settings)

    async def fault(self, spec: str) -> None:
        """Ask for a fault, counted from now."""
        await self.ask("fault", spec=spec)

    async def fired(self) -> dict[str, float]:
        """The faults that have acted: specification to simulated seconds of the first time."""
        faults = (await self.ask("faults"))["faults"]
        return {fault["spec"]: fault["fired_at_s"] for fault in faults if fault["fired_at_s"] is not None}

    async def true_rmt_pct_mso(self, muscle: str = "TA left", criterion_uv: float = 50.0) -> float:
        """The true resting threshold of a muscle at its hotspot (%MSO)."""
        return float((await self.ask("truth", muscle=muscle, criterion_uv=criterion_uv))["true_rmt_pct_mso"])

    async def pulses_fired(self) -> int:
        """How many pulses the coil gave since power-on."""
        return int((await self.ask("pulses", since=1 << 60))["total"])
