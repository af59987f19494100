"""`bedside demo`: the real processes of a bedside against simulated devices, in a temporary folder, in one command."""

import argparse
import asyncio
import contextlib
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any

import msgspec

from bedside.config import ConfigError, Participant, config_folder
from bedside.config.captures import load_captures
from bedside.demo.also import also_of, check_also
from bedside.demo.hands import Hands
from bedside.demo.patient import Patient
from bedside.demo.processes import (
    Child,
    DemoFailed,
    FarEnds,
    attach,
    run_kiosk,
    start_simulation,
    start_station,
    surroundings,
)
from bedside.demo.setup import PIN, USER, Layout, criteria_uv, prepare, script_for, stand_of
from bedside.demo.summary import Summary, summarise
from bedside.demo.therapist import Script, Therapist
from bedside.station.client import StationClient
from bedside.station.given import speed as speed_given
from hal.sim.control import SimControl

ENDED_BY_SIGNAL = 130
RESTART_S = 1.0
ASSESSMENT_HINT = ", assessment T0"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--unattended", action="store_true", help="a scripted therapist; JSON summary on stdout")
    parser.add_argument("--study", metavar="ID", help="study of configs/studies")
    parser.add_argument("--seed", type=int, default=1, help="draws the simulated patient and all chance")
    parser.add_argument("--speed", type=speed_given, default=None, help="visit time per real time (1; unattended 60)")
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="keep everything in this folder, carry on what is there"
    )
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="see `bedside simulate --list`")
    parser.add_argument(
        "--also",
        action="append",
        default=[],
        metavar="NAME",
        help="a further simulated device, see `bedside simulate --list`; may be repeated",
    )
    parser.add_argument(
        "--assess",
        action="store_true",
        help="with the sensors of an assessment: feet, shanks and thighs over Bluetooth, two force boards",
    )
    parser.add_argument("--recorded", type=Path, metavar="DIR", help="folder of real sweeps for the simulated patient")
    parser.add_argument("--config", metavar="DIR", help="configuration to start from")


def run(args: argparse.Namespace) -> int:
    """Run the demonstration; 0 when the visit went well (unattended) or the kiosk was left in order."""
    try:
        args.also = list(dict.fromkeys((*args.also, *stand_of(config_folder(args.config), args.study).also)))
        args.also = also_of(args.also, assess=args.assess, unattended=args.unattended)
        check_also(args.also, _speed(args))
        layout = Layout(_root(args.data))
        layout.make()
        return asyncio.run(_until_told(_demonstrate(args, layout)))
    except (ConfigError, DemoFailed) as error:
        _say(str(error))
        return 2
    except PermissionError as error:
        _say(f"{error.filename}: {error.strerror}; choose another folder with --data")
        return 2


def _root(chosen: Path | None) -> Path:
    """The folder of everything; a new one where none is chosen."""
    try:
        return (chosen or Path(tempfile.mkdtemp(prefix="bedside-demo-"))).resolve()
    except OSError as error:
        raise DemoFailed(f"no folder can be made for it: {error.strerror or error}; choose one with --data") from error


async def _until_told(work: Coroutine[Any, Any, int]) -> int:
    """Do the work; a signal that asks to end, or a terminal that is gone, ends all processes in order."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return ENDED_BY_SIGNAL


async def _demonstrate(args: argparse.Namespace, layout: Layout) -> int:
    speed = _speed(args)
    async with _bedside(args, layout, speed) as bedside:
        if args.unattended:
            return await _unattended(bedside)
        return await _at_the_kiosk(bedside, ASSESSMENT_HINT if args.assess else "")


def _speed(args: argparse.Namespace) -> float:
    return float(args.speed if args.speed is not None else 60.0 if args.unattended else 1.0)


class Bedside:
    """A running demonstration. `environ` is what a station needs in its environment to reach the far ends."""

    def __init__(
        self, layout: Layout, script: Script, sim: SimControl, speed: float, environ: Mapping[str, str]
    ) -> None:
        self.layout = layout
        self.script = script
        self.sim = sim
        self.criteria_uv = criteria_uv(layout)
        self._options = ["--config", str(layout.config), "--data", str(layout.data), "--run", str(layout.run)]
        self._options += ["--speed", str(speed)]
        self._environ = environ
        self.station: Child | None = None
        self.restarts = -1

    async def start_station(self) -> Child:
        """Start the station, or start it again."""
        self.restarts += 1
        self.station = await start_station(self.layout.root, self._options, self._environ)
        return self.station

    async def keep(self) -> None:
        """Start the station again whenever it has ended on its own, as systemd would; until cancelled."""
        while self.station is not None:
            await self.station.process.wait()
            await asyncio.sleep(RESTART_S)
            await self.start_station()

    async def connect(self) -> StationClient:
        """The controlling connection, to a station that is started again when it has died."""
        while True:
            station = self.station
            if station is None or station.process.returncode is not None:
                station = await self.start_station()
            try:
                return await attach(self.layout.run, station)
            except DemoFailed:
                if station.process.returncode == 2:
                    raise


@contextlib.asynccontextmanager
async def _bedside(args: argparse.Namespace, layout: Layout, speed: float) -> AsyncIterator[Bedside]:
    simulation, far_ends = await start_simulation(layout.simulation, _simulation_options(args, speed))
    try:
        participant = _prepared(layout, args, far_ends)
        async with SimControl(layout.simulation) as sim, SimControl(layout.simulation) as touch:
            bedside = Bedside(layout, script_for(participant), sim, speed, surroundings(layout.root, far_ends))
            patient = Patient(touch, load_captures(layout.config), participant.paretic_side, speed)
            hands = asyncio.create_task(Hands(touch, speed, patient).follow(layout.run))
            try:
                await bedside.start_station()
                yield bedside
            finally:
                patient.close()
                hands.cancel()
                await asyncio.gather(hands, return_exceptions=True)
                if bedside.station is not None:
                    await bedside.station.end()
    finally:
        await simulation.end()


def _prepared(layout: Layout, args: argparse.Namespace, far_ends: FarEnds) -> Participant:
    try:
        return prepare(layout, config_folder(args.config), far_ends.addresses, args.study)
    except OSError as error:
        raise DemoFailed(f"its folders cannot be prepared: {error}; choose another with --data") from error


def _simulation_options(args: argparse.Namespace, speed: float) -> list[str]:
    options = ["--seed", str(args.seed), "--speed", str(speed), "--until-stdin-closes"]
    for fault in args.fault:
        options += ["--fault", fault]
    for name in args.also:
        options += ["--also", name]
    if args.recorded is not None:
        options += ["--recorded", str(args.recorded)]
    return options


async def _unattended(bedside: Bedside) -> int:
    """Let the scripted therapist finish the visit, whatever happens to the station meanwhile."""
    therapist = Therapist(bedside.script)
    finished = False
    while not finished:
        client = await bedside.connect()
        try:
            finished = await therapist.work(client)
        finally:
            await client.close()
    summary = await _summary(bedside)
    sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    return 0 if summary.outcome == "complete" and summary.journal_ok else 1


async def _summary(bedside: Bedside) -> Summary:
    if bedside.station is not None:
        await bedside.station.end()
    summary = await asyncio.to_thread(summarise, bedside.layout.data)
    summary.pulses_fired = await bedside.sim.pulses_fired()
    summary.faults_fired = await bedside.sim.fired()
    summary.restarts = bedside.restarts
    if summary.muscle:
        criterion_uv = bedside.criteria_uv[summary.rule]
        summary.true_rmt_pct_mso = await bedside.sim.true_rmt_pct_mso(summary.muscle, criterion_uv)
    return summary


async def _at_the_kiosk(bedside: Bedside, more: str) -> int:
    """The kiosk in this terminal; whoever sits there finds what to type in front of them."""
    client = await bedside.connect()
    await client.close()
    hint = f"sign in as {USER}, PIN {PIN}; participant {bedside.script.participant}, "
    hint += f"study card {bedside.script.second_identifier}{more}"
    keeper = asyncio.create_task(bedside.keep())
    try:
        return await run_kiosk(bedside.layout.run, hint)
    finally:
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)


def _say(text: str) -> None:
    sys.stderr.write(f"bedside demo: {text}\n")
