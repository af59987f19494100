"""All devices at once for minutes or an hour, then the recording against what the far ends truly did.

    python -m tests.soak --minutes 10 --report FILE [--loss]
    python -m tests.soak --minutes 30 --report FILE --radio-two witmotion|nus

Eight channels at 5120 Hz, four inertial sensors at 100 Hz over Bluetooth (two with a clock of their own, two without
even a counter), a force plate at 100 Hz, a balance board, a robot at 100 Hz, an emergency stop and a stimulator in a
running 1 Hz train, all in this process; the station, its guard and the D-Bus daemon are processes of their own.
Crystals are 100 ppm slow or fast, Bluetooth brings its samples in bunches of 10 to 60 ms, a second client is drawn for.

What is compared. *Lost*: the sequence of recorded rows with the sequence that left each device, by content. *Between
devices that carry a clock or a counter*: each device's error of time (recorded minus true) less one constant, its
median, since the delay that every sample has is not seen by timing alone; then the largest difference of two devices at
the same instant, from KNOWN_S after their first sample: so long it takes until twenty packets a second have told the
drift of a crystal of which nothing was known. What it is from WARM_S on is reported beside it, without a bar. For the
amplifier also the times that its recorded pairs of count and arrival give offline. *Devices without*: the root mean
square of the error less its median.

With `--radio-two` only two inertial sensors stand beside the patient, 50 ppm slow and fast, one in a hundred samples
lost in bursts. Half a minute after the start both are knocked three times together; what the knocks tell of the two
sensors' constant delays is taken off, and what is left between left and right is looked at for the rest of the run.
"""

import argparse
import asyncio
import json
import logging
import math
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from hal.sim.bluetooth.private_bus import PrivateBus
from tests.helpers.station_process import ROOT, bedside_at
from tests.soak.figures import Comparison
from tests.soak.plan import PLATE_HZ, RADIO_TWO, Plan
from tests.soak.run import Soak
from tests.soak.verdicts import verdicts


def long_enough(config: Path, seconds: float) -> None:
    """Make the configuration's treatment outlast the run, and its limits let that pass."""
    for name, old, new in (
        ("protocols/lf_1hz_1200.toml", "pulses_in_burst = 1200", f"pulses_in_burst = {math.ceil(seconds) + 300}"),
        ("limits.toml", "[1800, 1800, 1800,", "[9000, 9000, 9000,"),
        ("limits.toml", "session_low = 1800", "session_low = 9000"),
        ("limits.toml", "day = 2000", "day = 9000"),
    ):
        text = (config / name).read_text()
        assert old in text, f"{name} has no {old!r}"
        (config / name).write_text(text.replace(old, new))


async def soak(folder: Path, plan: Plan) -> dict[str, Any]:
    """One run in `folder`; its report."""
    config = folder / "config"
    shutil.copytree(ROOT / "configs", config)
    long_enough(config, plan.seconds)
    board = config / "devices" / "force_board.toml"
    board.write_text(board.read_text().replace("rate_hz = 80.0", f"rate_hz = {PLATE_HZ}"))
    with PrivateBus(folder) as bus:
        assert bus.pid is not None
        async with bedside_at(
            folder / "bed", speed=1.0, step="treatment", also=plan.also, bus=bus.address, config=config
        ) as bed:
            ran = Soak(bed, bus.pid, plan)
            used, screen_lost = await ran.go()
            return await asyncio.to_thread(report_of, ran, used, screen_lost)


def report_of(ran: Soak, used: dict[str, Any], screen_lost: dict[str, int]) -> dict[str, Any]:
    """What a run used, what the comparison found, and what held."""
    figures = Comparison(ran, screen_lost).figures()
    return {"run": used, **figures, "verdicts": verdicts(ran, used, figures)}


def main(words: Sequence[str] | None = None) -> int:
    """Run, write the report, say what held; 0 when everything did."""
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--report", type=Path, required=True, help="where the figures go, as JSON")
    parser.add_argument("--loss", action="store_true", help="lose samples on purpose")
    parser.add_argument("--standing", action="store_true", help="the patient stands: begins half a minute sooner")
    parser.add_argument("--radio-two", choices=tuple(RADIO_TWO), help="two inertial sensors alone, knocked, with loss")
    options = parser.parse_args(words)
    radio = RADIO_TWO.get(options.radio_two, ())
    plan = Plan(options.minutes, options.loss or bool(radio), options.standing, radio)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        report = asyncio.run(soak(Path(folder), plan))
    options.report.write_text(json.dumps(report, indent=1))
    for name, held in report["verdicts"].items():
        print(f"{'PASS' if held else 'FAIL'}  {name}", flush=True)
    return 0 if all(report["verdicts"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
