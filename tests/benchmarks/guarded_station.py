"""The smallest station that can be killed: the real driver, a running train, the guard's client. For bench_guard."""

import asyncio
import sys
import time

from hal.catalogue import DeviceSpec, build
from hal.guard_client import GuardClient
from hal.roles import Stimulator, Train

BEAT_S = 0.1


async def main(address: str) -> None:
    """Start a train of 1200 pulses at 1 Hz and beat until killed."""
    guard = GuardClient.from_environment()
    device = build(DeviceSpec("stimulator", "magpro", address), time.monotonic_ns)
    if guard is None or not isinstance(device, Stimulator):
        raise SystemExit("run below the guard, on a stimulator")
    await device.open()
    fd = device.fileno()
    if fd is None:
        raise SystemExit(f"the stimulator could not be opened: {device.health.error}")
    guard.register(device.name, fd, device.off_bytes)
    beating = asyncio.create_task(beat(guard))
    await device.set_amplitude(50)
    await device.enable()
    await device.prepare_train(Train(1.0, 600, 2))
    await device.start_train()
    print("running", flush=True)
    await beating


async def beat(guard: GuardClient) -> None:
    """Say that we live, for ever."""
    while True:
        guard.beat()
        await asyncio.sleep(BEAT_S)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
