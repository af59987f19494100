"""Every amplifier's driver against its far end over a real pty or TCP: readings, triggers, losses, pulled cables."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from hal.drivers.emg import bitalino
from hal.drivers.emg.bitalino import Bitalino
from hal.drivers.emg.cyton import Cyton
from hal.drivers.emg.delsys import Delsys
from hal.drivers.emg.emg_blocks import NOT_FOR_MEPS
from hal.drivers.emg.sessantaquattro import Sessantaquattro
from hal.links.address import make_link
from hal.roles import EmgAmplifier
from tests.helpers.emg_rig import CHANNELS, rig, together


class Kind(NamedTuple):
    """A far end, its driver, options with a trigger, and what it is good for."""

    name: str
    driver: Any
    options: dict[str, object]
    rate_hz: float
    for_meps: bool
    counts: str
    noise_uv: float


KINDS = [
    Kind("sessantaquattro", Sessantaquattro, {}, 2000, True, "int16", 0.3),
    Kind("delsys", Delsys, {"trigger_sensor": 16}, 2000, True, "float32", 0.1),
    Kind("bitalino", Bitalino, {"trigger_line": 1}, 1000, False, "int16", 3.2),
    Kind("cyton", Cyton, {"trigger_pin": 11}, 250, False, "int32", 0.1),
]
COUNTED = [kind for kind in KINDS if kind.name != "delsys"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pauses that real boards need are not needed here."""
    monkeypatch.setattr(bitalino, "BETWEEN_COMMANDS_S", 0.01)


def by_name(kind: Kind) -> str:
    return kind.name


def opened(kind: Kind, folder: Path, *faults: str) -> Any:
    return rig(kind.name, kind.driver, folder, *faults, options=kind.options)


Story = Callable[[Kind, Path], Awaitable[None]]


def of_all(kinds: list[Kind]) -> Callable[[Story], Callable[[Path], Awaitable[None]]]:
    """A test of one amplifier as a test of all `kinds` at once: they mostly wait."""

    def wrap(story: Story) -> Callable[[Path], Awaitable[None]]:
        async def test(tmp_path: Path) -> None:
            await together(*(story(kind, tmp_path) for kind in kinds))

        test.__name__ = story.__name__
        return test

    return wrap


@of_all(KINDS)
async def test_what_the_electrodes_show_arrives_in_microvolts(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.emg.health.state == "ok")
        await run.until(lambda: run.rows >= 0.3 * kind.rate_hz)
        blocks = run.blocks
        samples = run.samples_uv
        shown = run.around.patient.render_uv(run.end.source._start_s, len(samples), kind.rate_hz)[:, :2]
        np.testing.assert_allclose(samples, shown, atol=0.51 * blocks[0].uv_per_count + kind.noise_uv)
        assert blocks[0].counts.dtype == kind.counts
        assert run.emg.rate_hz == kind.rate_hz
        assert run.lost == 0
        run.check_running_index()


@of_all(KINDS)
async def test_what_it_is_good_for_and_what_the_screen_shows(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        emg = run.emg
        assert isinstance(emg, EmgAmplifier)
        assert emg.for_meps is kind.for_meps
        assert (NOT_FOR_MEPS in emg.vitals.notes) is not kind.for_meps
        await run.until(lambda: emg.vitals.rate_hz == pytest.approx(kind.rate_hz, rel=0.3))
        assert emg.vitals.received == run.rows
        assert emg.vitals.lost == 0


@of_all(KINDS)
async def test_the_stimulators_trigger_is_the_sample_of_the_artefact(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        for number in (1, 2):
            run.pulse()
            await run.until(lambda number=number: len(run.triggers) == number)
        end = run.triggers[-1] + 0.02 * kind.rate_hz
        await run.until(lambda: run.rows > end)
        for trigger, response in zip(run.triggers, run.around.patient._responses, strict=True):
            at = (response.at_s - run.end.source._start_s) * kind.rate_hz
            assert trigger == np.ceil(round(at, 6))
            assert np.abs(run.samples_uv[trigger]).max() > 100


@of_all(COUNTED)
async def test_lost_samples_are_counted_exactly(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        run.fault(f"{kind.name}.lost_samples:11")
        await run.until(lambda: run.lost)
        run.fault(f"{kind.name}.loss:5@0+0.3")
        await run.until(lambda: len(run.fired) == 2)
        after = run.rows
        await run.until(lambda: run.rows > after + 0.6 * kind.rate_hz)
        assert run.fired == {f"{kind.name}.lost_samples", f"{kind.name}.loss"}
        assert run.lost == run.end.source.lost >= 11
        assert run.emg.health.dropped == run.emg.vitals.lost == run.lost
        run.check_running_index()


@of_all(KINDS)
async def test_a_pulled_cable_is_noticed_mends_itself_and_leaves_a_marked_gap(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        run.fault(f"{kind.name}.cable_out@0+0.3")
        await run.until(lambda: run.emg.health.state == "lost")
        assert run.emg.health.remedy
        before = run.rows
        await run.until(lambda: run.rows > before)
        assert run.emg.health.reconnects >= 1
        assert run.lost > 0.2 * kind.rate_hz
        assert run.fired == {f"{kind.name}.cable_out"}
        run.check_running_index()


@of_all(KINDS)
async def test_silence_is_noticed_and_ends(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        run.fault(f"{kind.name}.silence@0+0.8")
        await run.until(lambda: run.emg.health.state == "silent")
        assert run.emg.health.remedy
        await run.until(lambda: run.emg.health.state == "ok")
        assert run.fired == {f"{kind.name}.silence"}
        run.check_running_index()


@pytest.mark.parametrize("fault", ["garbage", "truncated"])
async def test_a_bad_wire_passes_and_is_got_over(fault: str, tmp_path: Path) -> None:
    await together(*(bad_wire(kind, fault, tmp_path) for kind in KINDS))


async def bad_wire(kind: Kind, fault: str, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        run.fault(f"{kind.name}.{fault}@0+0.2")
        await run.until(lambda: run.fired == {f"{kind.name}.{fault}"})
        over = run.around.clock.now_s() + 0.2
        await run.until(lambda: run.around.clock.now_s() > over)
        await run.until(lambda: run.blocks[-1].mono_ns > time.monotonic_ns() - 50_000_000)
        assert run.emg.health.state == "ok"
        run.check_running_index()


@of_all(COUNTED)
async def test_a_frozen_amplifier_is_not_called_well(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        run.fault(f"{kind.name}.freeze@0+1.5")
        await run.until(lambda: run.emg.health.error)
        assert run.fired == {f"{kind.name}.freeze"}
        assert run.emg.health.remedy


@of_all(KINDS)
async def test_a_saturated_channel_sits_at_the_rail(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder, f"{kind.name}.saturated:1") as run:
        await run.until(lambda: run.rows > 10)
        np.testing.assert_allclose(run.blocks[0].counts[:, 1], run.emg.rail_counts, rtol=1e-4)
        assert not np.isclose(run.blocks[0].counts[:, 0], run.emg.rail_counts).any()
        assert run.fired == {f"{kind.name}.saturated"}


@of_all(KINDS)
async def test_closing_stops_the_device_and_it_may_be_opened_again(kind: Kind, folder: Path) -> None:
    async with opened(kind, folder) as run:
        await run.until(lambda: run.rows)
        await run.emg.close()
        await run.until(lambda: not run.end.source.running)
        assert run.emg.health.state == "closed"
        before = run.rows
        await run.emg.open()
        await run.until(lambda: run.rows > before)
        assert getattr(run.end, "hung_up_on", 0) == 0


@pytest.mark.parametrize("kind", KINDS, ids=by_name)
def test_options_that_make_no_sense(kind: Kind) -> None:
    address = "serial:/dev/none" if kind.rate_hz <= 1000 else "tcp:127.0.0.1:1"
    for options, why in (
        ({}, "channels"),
        ({"channels": [{**CHANNELS[0], "input": 99}]}, "input from 1 to"),
        ({"channels": CHANNELS, "rate": 1}, "unknown option 'rate'"),
    ):
        with pytest.raises(Exception, match=why):
            kind.driver("emg", time.monotonic_ns, make_link(address), options)
