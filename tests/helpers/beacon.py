"""A simulated Bluetooth service in a process of its own, so that it can be killed: one sensor that counts at 100 Hz."""

import asyncio
import sys

from hal.sim.bluetooth.bluez import FakeBlueZ
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral

MAC = "C0:FF:EE:00:00:01"
SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
TELLS = "0000ffe4-0000-1000-8000-00805f9a34fb"
TAKES = "0000ffe9-0000-1000-8000-00805f9a34fb"


async def main(bus_address: str) -> None:
    """Serve until killed; one line on stdout once it is there."""
    members = (Characteristic(TELLS, ("notify",)), Characteristic(TAKES, ("write", "write-without-response")))
    sensor = Peripheral(MAC, "WT901", {SERVICE: members})
    await FakeBlueZ(bus_address).publish(sensor)
    print("ready", flush=True)
    number = 0
    while True:
        sensor.notify(TELLS, number.to_bytes(4, "little"))
        number += 1
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
