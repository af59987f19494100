"""The LSL driver against real outlets of the library, and without the library."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hal.device import Health, LinkLost, SetupError
from hal.drivers.emg.lsl_emg import NO_TRIGGERS, LslEmg
from hal.links import lsl_library
from hal.links.address import make_link
from hal.links.lsl_pull import LslChunk
from hal.roles import EmgAmplifier, LslStamps
from tests.helpers.emg_rig import CHANNELS, IMPATIENT, rig, together
from tests.helpers.far_ends import finishes, until
from tests.helpers.tools import need_module

RATE_HZ = 2000
PID = os.getpid()
"""Part of all names: other tests may run on this machine."""


@pytest.fixture
def pylsl() -> Any:
    """The library; discovery stays on this machine."""
    need_module("pylsl")
    return lsl_library.load("machine")


def opened(alias: str, folder: Path, *faults: str, **options: object) -> Any:
    return rig("lsl_emg", LslEmg, folder, *faults, options=options, alias=alias)


async def electrodes(folder: Path) -> None:
    async with opened("electrodes", folder, trigger_channel=9) as run:
        await run.until(lambda: run.emg.health.state == "ok")
        await run.until(lambda: run.rows > 3000)
        shown = run.around.patient.render_uv(run.end.source._start_s, 20_000, RATE_HZ)[:, :2]
        samples = run.samples_uv
        # Whoever subscribes joins a stream that runs: find where.
        at = int(np.argmin([np.abs(shown[i : i + 50] - samples[:50]).max() for i in range(15_000)]))
        np.testing.assert_allclose(samples, shown[at : at + len(samples)], atol=0.01)
        assert run.blocks[0].counts.dtype == np.float32
        assert isinstance(run.emg, EmgAmplifier)
        assert run.emg.for_meps
        await run.until(lambda: run.emg.vitals.rate_hz == pytest.approx(RATE_HZ, rel=0.1))
        assert run.emg.vitals.received == run.rows
        assert run.lost == 0
        assert abs(run.emg.vitals.clock_offset_ms) < 50
        assert "saturation cannot be seen: rail_uv is not configured" in run.emg.vitals.notes
        run.check_running_index()


async def stamps(folder: Path) -> None:
    async with opened("stamps", folder) as run:
        await run.until(lambda: run.rows > 1000)
        kept = [reading for reading in run.heard if isinstance(reading, LslStamps)]
        assert [stamp.first_sample for stamp in kept] == [block.first_sample for block in run.blocks]
        assert [len(stamp.stamps_s) for stamp in kept] == [len(block.counts) for block in run.blocks]
        raw = np.concatenate([stamp.stamps_s for stamp in kept])
        numbers = (raw - run.end._start_s) * RATE_HZ
        np.testing.assert_allclose(np.diff(numbers), 1, atol=0.01)
        np.testing.assert_allclose(numbers, np.rint(numbers), atol=0.01)
        assert all(stamp.offset_s is not None and abs(stamp.offset_s) < 0.05 for stamp in kept)


def _checked_triggers(run: Any) -> None:
    first = next(reading for reading in run.heard if isinstance(reading, LslStamps))
    joined = round((first.stamps_s[0] - run.end._start_s) * RATE_HZ)
    for trigger, response in zip(run.triggers, run.around.patient._responses, strict=True):
        number = np.ceil(round((response.at_s - run.end.source._start_s) * RATE_HZ, 6))
        assert trigger == number - joined
        assert np.abs(run.samples_uv[trigger]).max() > 100


async def trigger_channel(folder: Path) -> None:
    async with opened("trigger", folder, trigger_channel=9, trigger_level=1.5) as run:
        await run.until(lambda: run.rows)
        for number in (1, 2):
            run.pulse()
            await run.until(lambda number=number: len(run.triggers) == number)
        _checked_triggers(run)


async def marker_stream(folder: Path) -> None:
    markers = f"bedside-sim-markers-3-{PID}-markers"
    async with opened("markers", folder, markers=markers, marker_text="TMS") as run:
        assert run.emg.for_meps
        await run.until(lambda: run.rows and run.emg._marker_link.is_open and run.emg._marker_link.stream)
        for number in (1, 2):
            run.pulse()
            await run.until(lambda number=number: len(run.triggers) == number)
        _checked_triggers(run)


async def other_markers(folder: Path) -> None:
    markers = f"bedside-sim-others-3-{PID}-markers"
    async with opened("others", folder, markers=markers, marker_text="Start") as run:
        await run.until(lambda: run.rows and run.emg._marker_link.stream)
        run.pulse()
        before = run.rows
        await run.until(lambda: run.rows > before + 1000)
        assert run.triggers == []


async def losses(folder: Path) -> None:
    async with opened("losses", folder) as run:
        await run.until(lambda: run.rows)
        run.fault("losses.lost_samples:700")
        await run.until(lambda: run.lost)
        assert run.fired == {"losses.lost_samples"}
        assert run.lost == 700 == run.emg.health.dropped == run.emg.vitals.lost
        run.check_running_index()


async def outlet_ends(folder: Path) -> None:
    async with opened("ends", folder) as run:
        await run.until(lambda: run.rows)
        run.fault("ends.cable_out@0+0.3")
        await run.until(lambda: run.emg.health.state == "lost")
        assert "program that sends the stream" in run.emg.health.remedy
        before = run.rows
        await run.until(lambda: run.rows > before)
        assert run.emg.health.state == "ok"
        assert run.fired == {"ends.cable_out"}
        assert run.lost > 0.2 * RATE_HZ
        run.check_running_index()


async def outlet_falls_silent(folder: Path) -> None:
    async with opened("silent", folder) as run:
        await run.until(lambda: run.rows)
        run.fault("silent.silence@0+0.8")
        await run.until(lambda: run.emg.health.state == "silent")
        assert "recording" in run.emg.health.remedy
        await run.until(lambda: run.emg.health.state == "ok")
        assert run.fired == {"silent.silence"}
        assert run.lost > 0.5 * RATE_HZ, "the stamps tell what the silence cost"
        run.check_running_index()


async def saturated(folder: Path) -> None:
    async with opened("rail", folder, "rail.saturated:1", rail_uv=10_000) as run:
        await run.until(lambda: run.rows)
        assert (run.blocks[0].counts[:, 1] == run.emg.rail_counts).all()
        assert run.fired == {"rail.saturated"}


async def frozen(folder: Path) -> None:
    async with opened("frozen", folder) as run:
        await run.until(lambda: run.rows)
        run.fault("frozen.freeze@0+0.5")
        await run.until(lambda: "time stamps stand still" in run.emg.health.error)
        assert run.fired == {"frozen.freeze"}
        assert run.emg.health.remedy


Story = Callable[[Path], Awaitable[None]]


@pytest.mark.parametrize(
    "stories",
    [
        pytest.param((electrodes, stamps, trigger_channel, marker_stream), id="samples, stamps, triggers"),
        pytest.param(
            (other_markers, losses, outlet_ends, outlet_falls_silent, saturated, frozen), id="losses and ends"
        ),
    ],
)
async def test_streams_of_another_program(pylsl: Any, stories: tuple[Story, ...], tmp_path: Path) -> None:
    await together(*(story(tmp_path) for story in stories))


def outlet(pylsl: Any, source_id: str, *, rate_hz: float = 2000, unit: str = "uV", channels: int = 2) -> Any:
    info = pylsl.StreamInfo(f"refused-{PID}", "EMG", channels, rate_hz, "float32", source_id)
    listed = info.desc().append_child("channels")
    for _ in range(channels):
        listed.append_child("channel").append_child_value("unit", unit)
    return pylsl.StreamOutlet(info)


async def refused(address: str, why: str, **options: object) -> None:
    emg = LslEmg("emg", time.monotonic_ns, make_link(address), {"channels": CHANNELS, **options}, IMPATIENT)
    try:
        await finishes(emg.open(), 20)
        assert emg.health.state == "lost"
        assert why in emg.health.error
        assert emg.health.remedy
    finally:
        await finishes(emg.close())


async def test_streams_that_are_not_what_was_configured(pylsl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.links.lsl_pull.RESOLVE_S", 1.0)
    kept = [
        outlet(pylsl, f"t-slow-{PID}", rate_hz=1000),
        outlet(pylsl, f"t-irregular-{PID}", rate_hz=0),
        outlet(pylsl, f"t-unit-{PID}", unit="furlong"),
        outlet(pylsl, f"t-nameless-{PID}", unit=""),
        outlet(pylsl, f"t-millivolts-{PID}", unit="mV"),
        outlet(pylsl, f"t-narrow-{PID}", channels=1),
        pylsl.StreamOutlet(pylsl.StreamInfo(f"refused-{PID}", "Markers", 1, 2000, "string", f"t-text-{PID}")),
    ]
    await together(
        refused(f"lsl:source_id=t-slow-{PID}", "the stream says 1000 Hz, the device file 2000 Hz"),
        refused(f"lsl:source_id=t-irregular-{PID}", "the stream says no rate"),
        refused(f"lsl:source_id=t-unit-{PID}", "the stream's unit is 'furlong'"),
        refused(f"lsl:source_id=t-nameless-{PID}", "does not name its unit"),
        refused(f"lsl:source_id=t-millivolts-{PID}", "unit is mV, the device file says uV", unit="uV"),
        refused(f"lsl:source_id=t-narrow-{PID}", "has 1 channels, 2 are configured"),
        refused(f"lsl:source_id=t-text-{PID}", "the stream has 1 channels"),
        refused(f"lsl:name=refused-{PID}", "LSL streams have the name 'refused"),
        refused(f"lsl:source_id=t-nowhere-{PID}", "no LSL stream has the source_id 't-nowhere"),
    )
    assert len(kept) == 7


async def test_millivolts_arrive_as_microvolts(pylsl: Any) -> None:
    sender = outlet(pylsl, f"t-scale-{PID}", unit="mV")
    emg = LslEmg("emg", time.monotonic_ns, make_link(f"lsl:source_id=t-scale-{PID}"), {"channels": CHANNELS}, IMPATIENT)
    got: list[Any] = []
    emg.subscribe(got.append)
    opening = asyncio.create_task(emg.open())
    await until(sender.have_consumers)
    sender.push_chunk([[0.25, -1.0]] * 10)
    await until(lambda: any(hasattr(reading, "counts") for reading in got))
    block = next(reading for reading in got if hasattr(reading, "counts"))
    assert block.samples_uv[0].tolist() == [250.0, -1000.0]
    await finishes(opening)
    await finishes(emg.close())


@pytest.mark.parametrize(
    ("options", "good"),
    [({}, False), ({"trigger_channel": 9}, True), ({"markers": "m"}, True), ({"markers": "m", "rate_hz": 1000}, False)],
)
def test_what_it_is_good_for(pylsl: Any, options: dict[str, object], good: bool) -> None:
    link = make_link("lsl:source_id=x")
    assert LslEmg("emg", time.monotonic_ns, link, {"channels": CHANNELS, **options}).for_meps is good


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"channels": []}, "at least one channel"),
        ({"unit": "furlong"}, "unit must be one of"),
        ({"rate_hz": 0}, "rate_hz must be 50"),
        ({"trigger_channel": 1, "markers": "m"}, "not both"),
        ({"channel": 1}, "did you mean channels"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        LslEmg("emg", time.monotonic_ns, make_link("lsl:source_id=x"), {"channels": CHANNELS, **options})


def test_without_the_library_the_device_is_refused_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_name: str) -> None:
        raise RuntimeError("LSL binary library file was not found.\nPlease make sure that ...")

    monkeypatch.setattr(lsl_library, "import_module", missing)
    with pytest.raises(SetupError, match=r"LSL is not installed: LSL binary library file was not found") as refusal:
        LslEmg("emg", time.monotonic_ns, make_link("lsl:source_id=x"), {"channels": CHANNELS})
    assert "bedside[lsl]" in refusal.value.remedy


def test_one_scope_for_the_whole_box(pylsl: Any) -> None:
    with pytest.raises(SetupError, match="already looks for streams in the scope 'machine'") as refusal:
        lsl_library.load("site")
    assert "same scope" in refusal.value.remedy


@pytest.mark.parametrize("address", ["lsl:source_id=a b", "lsl:name=TMSi SAGA&scope=link"])
def test_addresses(address: str) -> None:
    assert make_link(address).address == address


@pytest.mark.parametrize(
    "address", ["lsl:", "lsl:x", "lsl:source_id=a&name=b", "lsl:name=a'b", "lsl:name=a&scope=world", "lsl:type=EMG"]
)
def test_addresses_that_make_no_sense(address: str) -> None:
    with pytest.raises(SetupError, match="makes no sense"):
        make_link(address)


async def test_markers_that_come_back_lift_the_doubt(pylsl: Any) -> None:
    class Markers:
        """A marker stream of texts that is there and says nothing."""

        def __init__(self) -> None:
            self.stream: Any = None

        async def open(self) -> None:
            self.stream = SimpleNamespace(text=True)

        async def read(self) -> list[Any]:
            raise LinkLost("LSL stream markers: closed")

    emg = LslEmg("emg", time.monotonic_ns, make_link("lsl:source_id=any"), {"channels": CHANNELS, "rate_hz": RATE_HZ})
    for error, left in ((f"{NO_TRIGGERS}no LSL stream", ""), ("its rate is not what it should be", None)):
        emg.set_health(Health("ok", 0, error=error, remedy="look"))
        with pytest.raises(LinkLost):
            await emg._listen_to(Markers())  # type: ignore[arg-type]
        assert emg.health.error == (error if left is None else left)


@pytest.mark.usefixtures("pylsl")
async def test_a_sender_at_another_rate_is_said_so() -> None:
    options = {"channels": CHANNELS, "trigger_channel": 3, "rate_hz": RATE_HZ}
    emg = LslEmg("emg", time.monotonic_ns, make_link("lsl:source_id=any"), options)
    emg.set_health(Health("ok", 0))
    rng = np.random.default_rng(1)
    for number in range(800):
        stamps_s = (number * 40 + np.arange(40)) / 1925.93
        emg.real_s = partial(float, stamps_s[-1])
        emg._take(LslChunk(round((stamps_s[-1] + 5.0) * 1e9), rng.normal(0, 5, (40, 3)), stamps_s, 0.0))
    assert "2000 Hz are configured, and 1926 Hz come" in emg.health.error
    assert not emg.for_meps
