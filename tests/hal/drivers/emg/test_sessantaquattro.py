"""The Sessantaquattro's driver: settings told before it starts, both resolutions, what it is good for."""

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from hal.device import SetupError
from hal.drivers.emg import sessantaquattro
from hal.drivers.emg.sessantaquattro import Sessantaquattro
from hal.drivers.emg.sessantaquattro_codec import Settings
from hal.links.address import make_link
from hal.sim.emg.sessantaquattro_device import Command, free_port
from tests.helpers.emg_rig import CHANNELS, rig


def unopened(**options: object) -> Sessantaquattro:
    return Sessantaquattro("emg", time.monotonic_ns, make_link("listen:1"), {"channels": CHANNELS, **options})


async def test_it_is_set_then_asked_then_started_and_stopped_before_closing(tmp_path: Path) -> None:
    async with rig("sessantaquattro", Sessantaquattro, tmp_path) as run:
        said: list[int] = []
        obey = run.end._obey
        run.end._obey = lambda command: (said.append(command.word), obey(command))
        await run.emg.close()
        await run.until(lambda: said)
        await run.emg.open()
        await run.until(lambda: run.emg.health.state == "ok")
        settings = Settings()
        words = [settings.command(go=False), settings.command(go=False), settings.query(), settings.command(go=True)]
        assert said == [int.from_bytes(word, "big") for word in words]


async def test_24_bit_at_4000_hz(tmp_path: Path) -> None:
    options = {"bits": 24, "rate_hz": 4000, "gain": "8"}
    async with rig("sessantaquattro", Sessantaquattro, tmp_path, options=options) as run:
        await run.until(lambda: run.rows > 400)
        run.pulse()
        await run.until(lambda: run.triggers)
        shown = run.around.patient.render_uv(run.end.source._start_s, 400, 4000)[:, :2]
        np.testing.assert_allclose(run.samples_uv[:400], shown, atol=0.1)
        assert run.blocks[0].counts.dtype == np.int32
        assert run.emg.rail_counts == 2**23 - 1


async def test_other_settings_than_asked_are_said_and_no_evoked_potential_is_trusted(tmp_path: Path) -> None:
    async with rig("sessantaquattro", Sessantaquattro, tmp_path) as run:
        assert run.emg.for_meps
        obey = run.end._obey

        def stubborn(command: Command) -> None:
            obey(command)
            run.end.settings = Command(run.end.settings.word ^ 0x40)

        run.end._obey = stubborn
        run.fault("sessantaquattro.cable_out@0+0.1")
        await run.until(lambda: "other settings" in run.emg.health.error)
        assert not run.emg.for_meps
        assert run.emg.health.remedy


async def test_an_amplifier_that_tells_no_settings_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessantaquattro, "ANSWER_S", 0.1)
    async with rig("sessantaquattro", Sessantaquattro, tmp_path, "sessantaquattro.silence") as run:
        await run.until(lambda: "does not tell its settings" in run.emg.health.error)
        assert not run.end.source.running
        assert run.fired == {"sessantaquattro.silence"}


async def test_without_the_device_the_state_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.links.listen.WAIT_S", 0.05)
    port = free_port()
    emg = Sessantaquattro("emg", time.monotonic_ns, make_link(f"listen:127.0.0.1:{port}"), {"channels": CHANNELS})
    told = []
    emg.subscribe(told.append)
    try:
        await asyncio.wait_for(emg.open(), 5)
        assert emg.health.state == "lost"
        assert f"waiting for the device to connect to port {port}" in emg.health.error
        assert "network mode" in emg.health.remedy
        states = len(told)
        await asyncio.sleep(0.3)
        assert len(told) == states, "waiting is one state, not a row of errors"
    finally:
        await emg.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


@pytest.mark.parametrize(
    ("options", "good"),
    [({}, True), ({"rate_hz": 4000}, True), ({"rate_hz": 1000}, False), ({"trigger_aux": 0}, False)],
)
def test_what_it_is_good_for(options: dict[str, object], good: bool) -> None:
    assert unopened(**options).for_meps is good


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rate_hz": 5120}, "rate_hz must be one of 500, 1000, 2000, 4000"),
        ({"mode": "impedance"}, "mode must be one of monopolar, bipolar, differential"),
        ({"device_channels": 8, "channels": [{**CHANNELS[0], "input": 5}]}, "input from 1 to 4"),
        ({"gain": "2"}, "gain must be one of"),
        ({"trigger_aux": 3}, "trigger_aux must be 0 to 2"),
        ({"bits": 20}, "makes no sense"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        unopened(**options)
