"""All devices together: one whose driver breaks takes no other with it."""

from bedside.station.devices import Fleet
from hal.drivers.gait.manual_robot import ManualRobot
from hal.drivers.stimulator.manual_stimulator import ManualStimulator


class Broken(ManualRobot):
    """A plug-in that fails while it is opened."""

    async def open(self) -> None:
        raise KeyError("baud")


async def test_a_driver_that_breaks_while_it_is_opened_loses_its_own_device_alone() -> None:
    fleet = Fleet([Broken("lab", lambda: 0), ManualStimulator("tms", lambda: 0)])
    heard: list[str] = []
    await fleet.open(lambda device, _reading: heard.append(device.name))
    lab, tms = fleet.devices
    assert (lab.health.state, tms.health.state) == ("lost", "ok")
    assert "KeyError: 'baud'" in lab.health.error
    assert lab.health.remedy
    assert set(heard) == {"lab", "tms"}, "both are told to the journal"
    await fleet.close()
