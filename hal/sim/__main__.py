"""`python -m hal.sim`: the far ends of all simulated devices, in one process."""

import argparse
import asyncio
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hal.sim.bluetooth.private_bus import PrivateBus
from hal.sim.far_end import BLUETOOTH, FAR_ENDS, FarEndKind
from hal.sim.fault_table import far_ends_by_faults
from hal.sim.faults import GENERIC, KINDS, FaultSpecError
from hal.sim.hands import commands
from hal.sim.patient.recorded import RecordingError
from hal.sim.server import serve
from hal.sim.world import Ports, SimulatedWorld

LISTING_WIDTH = 120
ALWAYS = {
    "stimulator": "MagVenture MagPro X100+Option, serial protocol on a pseudo-terminal or TCP",
    "emg": "OT Bioelettronica Quattrocento, TCP",
    "robot": "gait robot with CORC value frames, TCP",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command line."""
    parser.add_argument("--seed", type=int, default=1, help="draws the patient and everything random")
    parser.add_argument("--speed", type=float, default=1.0, help="how many times faster than real time")
    parser.add_argument("--dir", type=Path, help="folder for the serial port's name and the control socket")
    parser.add_argument("--fault", action="append", default=[], metavar="SPEC", help="see --list; may be repeated")
    parser.add_argument("--recorded", type=Path, metavar="DIR", help="folder of recorded sweeps to play")
    parser.add_argument("--stimulator-link", choices=("pty", "tcp"), default="pty")
    parser.add_argument("--stimulator-port", type=_port, default=0, help="TCP port of the stimulator, 0 for any")
    parser.add_argument("--emg-port", type=_port, default=0)
    parser.add_argument("--robot-port", type=_port, default=0)
    parser.add_argument("--also", action="append", default=[], metavar="NAME", help="a further far end, see --list")
    parser.add_argument("--bus", default="", metavar="ADDRESS", help="D-Bus that Bluetooth peripherals join (own)")
    parser.add_argument("--lifetime-pid", type=int, metavar="PID", help="end when that process has ended")
    parser.add_argument("--until-stdin-closes", action="store_true", help="end when standard input ends")
    parser.add_argument("--list", action="store_true", help="list far ends, control commands and faults")


def listing() -> str:
    """Far ends, control commands and faults, as text."""
    sections = (
        ("Far ends, always there", ALWAYS),
        ("Far ends on request (--also NAME)", {name: _kind_help(kind) for name, kind in FAR_ENDS.items()}),
        ("Control commands", commands()),
        ("Faults (TARGET.NAME[:ARGUMENT][@WHEN[+DURATION]])", {k.name: _fault_help(k.name) for k in KINDS.values()}),
        ("Faults of far ends on request (NAME.FAULT)", {k.name: _fault_help(k.name) for k in GENERIC.values()}),
    )
    lines = []
    for title, rows in sections:
        lines += [title, *(f"  {name:34} {text}" for name, text in rows.items()), ""]
    lines.append("Which far end has which of them")
    for faults, names in far_ends_by_faults().items():
        lines += [_wrapped(names, "  "), _wrapped(faults, "      ")]
    return "\n".join(lines) + "\n"


def _wrapped(words: Iterable[str], indent: str) -> str:
    return textwrap.fill(", ".join(words), LISTING_WIDTH, initial_indent=indent, subsequent_indent=indent)


def run(options: argparse.Namespace) -> int:
    """Serve until ended; 0 after a clean end, 2 for a setup that makes no sense, 1 for anything else."""
    if options.list:
        sys.stdout.write(listing())
        return 0
    try:
        asyncio.run(_serve(options))
    except (FaultSpecError, RecordingError, ValueError) as error:
        return _fail(str(error), 2)
    except OSError as error:
        return _fail(str(error), 1)
    return 0


def main(words: list[str] | None = None) -> int:
    """Read the command line and `run`."""
    parser = argparse.ArgumentParser(prog="hal.sim", description=__doc__)
    arguments(parser)
    return run(parser.parse_args(words))


def _fail(text: str, code: int) -> int:
    sys.stderr.write(f"simulation: {text}\n")
    return code


async def _serve(options: argparse.Namespace) -> None:
    if options.dir is None:
        raise ValueError("--dir is needed: a folder for the serial port's name and the control socket")
    options.dir.mkdir(parents=True, exist_ok=True)
    with _bus(options) as bus:
        await _serve_on(options, bus)


@contextmanager
def _bus(options: argparse.Namespace) -> Iterator[str]:
    """The D-Bus for Bluetooth: the one that was named, else one of our own where a far end needs it, else none."""
    wireless = any(name in FAR_ENDS and FAR_ENDS[name].transport == BLUETOOTH for name in options.also)
    if options.bus or not wireless:
        yield options.bus
        return
    with PrivateBus(options.dir) as own:
        yield own.address


async def _serve_on(options: argparse.Namespace, bus: str) -> None:
    world = SimulatedWorld(
        options.seed,
        options.dir,
        speed=options.speed,
        faults=tuple(options.fault),
        recorded=options.recorded,
        ports=Ports(options.stimulator_link, options.stimulator_port, options.emg_port, options.robot_port),
        also=tuple(options.also),
        bus=bus,
    )
    await serve(world, options.dir, lifetime_pid=options.lifetime_pid, until_stdin_closes=options.until_stdin_closes)


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{number} is no TCP port (0 to 65535)")
    return number


def _kind_help(kind: FarEndKind) -> str:
    return f"{kind.role}: {kind.what}, {kind.transport}; driver {kind.driver}"


def _fault_help(name: str) -> str:
    kind = KINDS.get(name) or GENERIC[name]
    argument = f" [{kind.argument}, {kind.default}]" if kind.argument else ""
    return kind.effect + argument


if __name__ == "__main__":
    sys.exit(main())
