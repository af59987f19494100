"""BITalino and Cyton drivers, and Delsys: what only they do."""

import time
from pathlib import Path

import pytest

from hal.device import SetupError
from hal.drivers.emg import bitalino, cyton
from hal.drivers.emg.bitalino import Bitalino
from hal.drivers.emg.cyton import Cyton
from hal.drivers.emg.delsys import Delsys
from hal.links.address import make_link
from hal.roles import EmgBlock
from hal.sim.emg.bitalino_device import frame
from hal.sim.emg.cyton_device import packet
from tests.helpers.emg_rig import CHANNELS, rig

SERIAL = "serial:/dev/ttyNONE"


@pytest.mark.parametrize(("driver", "rate_hz", "turn"), [(Bitalino, 1000, 16), (Cyton, 250, 256)])
@pytest.mark.parametrize("turns", [0, 1, 3])
async def test_a_loss_of_whole_turns_of_the_counter_is_found_by_the_clock(
    driver: type, rate_hz: int, turn: int, turns: int
) -> None:
    now_ns = 0
    emg = driver("emg", lambda: now_ns, make_link(SERIAL), {"channels": CHANNELS})
    blocks: list[EmgBlock] = []
    emg.subscribe(lambda reading: blocks.append(reading) if isinstance(reading, EmgBlock) else None)
    emg.start_frames()
    step = rate_hz // 50
    for at in range(0, 20 * rate_hz, step):
        now_ns = round((at + step) / rate_hz * 1e9)
        gone = turns * turn if at >= 10 * rate_hz else 0
        numbers = range(at, at + step) if not 10 * rate_hz <= at < 10 * rate_hz + gone else range(0)
        if driver is Bitalino:
            emg.on_bytes(b"".join(frame([512, 512], number, 0) for number in numbers))
        else:
            emg.on_bytes(b"".join(packet([0.0] * 8, number, bytes(6), 0xC0) for number in numbers))
    end = blocks[-1].first_sample + len(blocks[-1].counts)
    assert end == pytest.approx(20 * rate_hz, abs=0.6 * turn + step)
    assert emg.dropped == sum(block.lost for block in blocks)
    if turns == 0:
        assert emg.dropped == 0
    assert any("only by the clock" in note for note in emg.vitals.notes)


async def test_a_board_that_does_not_say_who_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bitalino, "ANSWER_S", 0.1)
    monkeypatch.setattr(cyton, "ANSWER_S", 0.1)
    async with rig("bitalino", Bitalino, tmp_path, "bitalino.silence") as run:
        await run.until(lambda: "no version" in run.emg.health.error)
        assert "paired" in run.emg.health.remedy
        assert run.fired == {"bitalino.silence"}
    async with rig("cyton", Cyton, tmp_path, "cyton.silence") as run:
        await run.until(lambda: "no greeting" in run.emg.health.error)
        assert run.fired == {"cyton.silence"}


async def test_a_board_says_who_it_is_and_what_its_coarse_inputs_are(tmp_path: Path) -> None:
    channels = [CHANNELS[0], {**CHANNELS[1], "input": 6}]
    async with rig("bitalino", Bitalino, tmp_path, options={"channels": channels}) as run:
        await run.until(lambda: run.rows)
        assert run.emg.model == "BITalino_v5.2"
        assert "SOL left: steps of 51 uV" in run.emg.vitals.notes
        assert set(run.blocks[0].counts[:, 1] % 16) == {0}


async def test_the_control_utility_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with rig("delsys", Delsys, tmp_path) as run:
        assert run.emg.greeting.startswith("Delsys Trigno System")
        monkeypatch.setattr("hal.drivers.emg.delsys.START", "STRAT")
        run.fault("delsys.cable_out@0+0.1")
        await run.until(lambda: "refuses STRAT: INVALID COMMAND" in run.emg.health.error)
        assert "control utility" in run.emg.health.remedy
        assert run.fired == {"delsys.cable_out"}


async def test_the_control_utility_does_not_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.drivers.emg.delsys.ANSWER_S", 0.1)
    async with rig("delsys", Delsys, tmp_path, "delsys.silence") as run:
        await run.until(lambda: "does not answer START" in run.emg.health.error)
        assert run.fired == {"delsys.silence"}


def test_a_wireless_system_without_a_trigger_is_for_envelopes() -> None:
    link = make_link("tcp:127.0.0.1:50040")
    assert not Delsys("emg", time.monotonic_ns, link, {"channels": CHANNELS}).for_meps
    assert Delsys("emg", time.monotonic_ns, link, {"channels": CHANNELS, "trigger_sensor": 16}).for_meps


@pytest.mark.parametrize(
    ("address", "options", "why"),
    [
        ("serial:/dev/ttyUSB0", {}, "needs an address tcp:HOST:50040"),
        ("tcp:h:1", {"trigger_sensor": 17}, "trigger_sensor must be 0 to 16"),
        ("tcp:h:1", {"trigger_sensor": 1}, "cannot be a muscle's"),
    ],
)
def test_options_of_the_wireless_system(address: str, options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        Delsys("emg", time.monotonic_ns, make_link(address), {"channels": CHANNELS, **options})


@pytest.mark.parametrize(
    ("driver", "options", "why"),
    [
        (Bitalino, {"rate_hz": 2000}, "rate_hz must be one of 100, 1000"),
        (Bitalino, {"trigger_line": 3}, "trigger_line must be one of 0, 1, 2"),
        (Cyton, {"trigger_pin": 14}, "trigger_pin must be one of 0, 11, 12, 13, 17, 18"),
    ],
)
def test_options_of_the_boards(driver: type, options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        driver("emg", time.monotonic_ns, make_link(SERIAL), {"channels": CHANNELS, **options})
