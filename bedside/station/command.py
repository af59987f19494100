"""`bedside station`: run the station until SIGTERM or SIGINT."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from pathlib import Path

import structlog

from bedside.config import CONFIG_HELP, ConfigError, config_folder, load_station
from bedside.record.errors import RecordError
from bedside.station.app import Station
from bedside.station.given import speed, usable_folder, usable_for_sockets
from bedside.station.setup import Places, build_parts
from hal.device import SetupError
from hal.guard_client import GuardClient

log = structlog.get_logger()


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--config", metavar="DIR", help=CONFIG_HELP)
    parser.add_argument("--data", type=Path, metavar="DIR", help="where visits are kept (default: station.toml)")
    parser.add_argument("--run", type=Path, metavar="DIR", dest="run_dir", help="where the sockets are opened")
    parser.add_argument("--speed", type=speed, default=1.0, help="visit time per real time, simulated devices only")


def run(args: argparse.Namespace) -> int:
    """Run; 0 after a clean end, 1 when the record cannot be kept, 2 for a setup or a folder that cannot be used."""
    configure_log()
    try:
        return asyncio.run(_serve(args))
    except (ConfigError, SetupError, RecordError) as error:
        log.critical("the station cannot run", error=str(error))
        return 2 if isinstance(error, ConfigError | SetupError) else 1


async def _serve(args: argparse.Namespace) -> int:
    config = config_folder(args.config)
    settings = load_station(config)
    places = Places(config, args.data or Path(settings.data), args.run_dir or Path(settings.run))
    log.info("the station starts", config=str(config), data=str(places.data), run=str(places.run))
    usable_folder(places.data, "--data")
    if "LISTEN_FDS" not in os.environ:
        # sockets of the service manager lie in a folder of its own
        usable_for_sockets(places.run, "--run")
    guard = GuardClient.from_environment()
    parts = await asyncio.to_thread(build_parts, places, speed=args.speed, environ=os.environ, guard=guard)
    station = Station(parts)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, station.stop, signal.Signals(number).name)
    gc.freeze()
    try:
        await station.run()
    except* RecordError as group:
        raise RecordError(f"stimulation is off: {group.exceptions[0]}") from None
    return 0


def configure_log() -> None:
    """Diagnostics as one JSON object a line on stderr, with the priority prefix journald understands."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="<6>%(message)s")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.dict_tracebacks,
            _for_journald,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


LEVELS = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}
_render = structlog.processors.JSONRenderer()


def _for_journald(logger: object, name: str, event: structlog.typing.EventDict) -> str:
    return f"<{LEVELS.get(event.get('level', 'info'), 6)}>{_render(logger, name, event)!s}"
