"""Hands on the simulated plates and switches, and what stands on a plate."""

import asyncio
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import Reading
from hal.roles import Contact, ContactState, PlateBlock
from hal.sim.hands import Hands
from hal.sim.patient.patient import Patient
from hal.sim.patient.sway import Stance, Stander, corner_loads_kg
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import finishes, until

CONFIGS = Path(__file__).parents[3] / "configs" / "devices"
SPACING_CM = (43.3, 23.8)


def _cop_cm(loads: tuple[float, float, float, float]) -> tuple[float, float]:
    """The published formulas, by themselves."""
    top_left, top_right, bottom_left, bottom_right = loads
    total = sum(loads)
    return (
        21.65 * (top_right + bottom_right - top_left - bottom_left) / total,
        11.90 * (top_right + top_left - bottom_right - bottom_left) / total,
    )


def test_corners_carry_the_load_where_it_stands() -> None:
    loads = corner_loads_kg(Stance(70.0, 3.0, -2.0), SPACING_CM)
    assert sum(loads) == pytest.approx(70.0)
    assert _cop_cm(loads) == pytest.approx((3.0, -2.0))


def test_a_standing_person_sways_as_people_do() -> None:
    stander = Stander(np.random.default_rng(1), 70.0)
    stander.step_on()
    for at_s in np.arange(0.0, 5.0, 0.01):
        stander.at(float(at_s))
    track = np.array([stander.at(5.0 + 0.01 * step) for step in range(12_000)])
    assert track[:, 0].mean() == pytest.approx(70.0, abs=0.05)
    side_sd, front_sd = track[:, 1:].std(axis=0)
    assert 0.15 < side_sd < 0.5
    assert 0.3 < front_sd < 0.8
    speed = np.hypot(*np.diff(track[:, 1:], axis=0).T).sum() / 120
    assert 0.5 < speed < 3.0, "cm/s"


def test_stepping_on_leaning_and_off() -> None:
    stander = Stander(np.random.default_rng(1), 70.0)
    assert stander.at(1.0).load_kg == 0.0
    stander.step_on()
    stander.lean(5.0, 0.0)
    assert 0.0 < stander.at(1.1).load_kg < 60.0
    moved = [stander.at(2.0 + t / 100).x_cm for t in range(1000)]
    assert np.mean(moved[300:]) == pytest.approx(5.0, abs=0.6)
    stander.step_off()
    stander.at(13.0)
    assert stander.at(14.0).load_kg == pytest.approx(0.0, abs=0.01)


def test_a_dead_mass_does_not_move() -> None:
    stander = Stander(np.random.default_rng(1), 70.0)
    stander.put(20.0, 4.0, 5.0)
    assert {stander.at(t / 10) for t in range(50)} == {Stance(20.0, 4.0, 5.0)}


def test_one_patient_one_mass() -> None:
    assert Patient(4).body_mass_kg == Patient(4).body_mass_kg
    assert len({Patient(seed).body_mass_kg for seed in range(5)}) == 5


def test_the_hands_step_on_plates_and_press_switches(tmp_path: Path) -> None:
    world = SimulatedWorld(1, tmp_path, also=("balance_board", "force_board_dual", "emergency_stop", "foot_switch"))
    hands = Hands(world)
    for plate in ("balance_board", "force_board_dual"):
        assert hands.answer({"do": "plate", "name": plate, "on": True})["ok"]
        assert hands.answer({"do": "plate", "name": plate, "x_cm": 2.0, "y_cm": 1.0})["ok"]
        reply = hands.answer({"do": "plate", "name": plate, "mass_kg": 10.0, "x_cm": 2.0})
        assert (reply["load_kg"], reply["x_cm"], reply["y_cm"]) == (10.0, 2.0, 0.0)
    assert hands.answer({"do": "button", "name": "emergency_stop"}) == {
        "ok": True,
        "name": "emergency_stop",
        "pressed": True,
    }
    assert hands.answer({"do": "button", "name": "foot_switch", "pressed": False})["ok"]
    for wrong in (
        {"do": "button", "name": "balance_board"},
        {"do": "plate", "name": "emergency_stop"},
        {"do": "button", "name": "doorbell"},
        {"do": "plate", "name": "balance_board", "mass_kg": "heavy"},
    ):
        assert not hands.answer(wrong)["ok"]


NAMES = ("balance_board", "force_board", "force_board_dual", "emergency_stop", "foot_switch")


async def test_the_drivers_of_the_device_files_meet_their_far_ends(tmp_path: Path) -> None:
    world = SimulatedWorld(1, tmp_path, also=NAMES)
    await world.plug()
    running = asyncio.create_task(world.run())
    hands, devices, heard = Hands(world), [], dict.fromkeys(NAMES, 0)

    def counter(name: str) -> Callable[[Reading], None]:
        def count(reading: Reading) -> None:
            heard[name] += isinstance(reading, PlateBlock | ContactState)

        return count

    for name in NAMES:
        file = tomllib.loads((CONFIGS / f"{name}.toml").read_text())
        assert file["id"] == name
        assert file["verified"] is False
        device = build(DeviceSpec(name, file["driver"], world.addresses[name], file["options"]), time.monotonic_ns)
        assert device.role == file["role"]
        device.subscribe(counter(name))
        await finishes(device.open())
        devices.append(device)
    await until(lambda: all(device.health.state == "ok" for device in devices))
    await until(lambda: min(heard.values()) >= 2)
    stop = devices[3]
    assert isinstance(stop, Contact)
    await until(lambda: stop.contact.active is False)
    hands.answer({"do": "button", "name": "emergency_stop"})
    await until(lambda: stop.contact.active is True)
    for device in devices:
        await finishes(device.close())
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
