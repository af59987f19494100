"""How soon the simulated stimulator is off after an emergency stop, and after its cable was out; real seconds."""

import asyncio
import time
from typing import Literal

from tests.helpers.station_process import Bedside

CableEnd = Literal["cable_out", "silence"]
AGAIN_S = 60.0
OUT_S = 2.0


async def standing_train(bed: Bedside) -> None:
    """Start the station on a patient who stands, which needs no steady walk first, and wait for a running train."""
    bed.world.gait.fit(25.0, 80.0)
    bed.world.gait.stand()
    await bed.start()
    await bed.until(lambda: bed.world.running and bed.world.core.state.total_pulses > 0, "a running train", AGAIN_S)


async def presses(bed: Bedside, times: int) -> list[float]:
    """Press the emergency stop in a running train again and again; how long (s) until the stimulator was disabled."""
    button = bed.world.also["emergency_stop"]
    off_s = []
    for _ in range(times):
        await bed.until(lambda: bed.world.running, "a running train", AGAIN_S)
        began_s = time.monotonic()
        button.press()  # type: ignore[attr-defined]
        while bed.world.enabled:
            assert time.monotonic() < began_s + AGAIN_S, "it is not switched off"
            await asyncio.sleep(0.001)
        off_s.append(time.monotonic() - began_s)
        await asyncio.sleep(0.2)
        button.press(False)  # type: ignore[attr-defined]
    return off_s


async def stimulator_pulled(bed: Bedside, end: CableEnd = "cable_out") -> tuple[float, float]:
    """Pull the stimulator's cable in a running train, at this box or (`silence`) at the stimulator, so that the port
    stays: how long (s) until the screen says so, and, from its return, until the stimulator is disabled. Nobody can
    stop it between.
    """
    began_s = time.monotonic()
    fault = bed.world.add_fault(f"stimulator.{end}@0+{OUT_S * bed.speed:g}")
    await bed.until(lambda: _word(bed) == "UNKNOWN", "unknown", AGAIN_S)
    said_s = time.monotonic() - began_s
    assert fault.fired_at_s is not None, "the cable was not pulled"
    assert bed.world.running, "the train ended by itself: nothing was tried"
    await bed.until(lambda: not fault.active(bed.world.clock.now_s()), "back")
    back_s = time.monotonic()
    await bed.until(lambda: not bed.world.enabled, "off", AGAIN_S)
    return said_s, time.monotonic() - back_s


def _word(bed: Bedside) -> str:
    return bed.picture.run.word if bed.picture is not None and bed.picture.run is not None else ""
