"""The command line: one table of commands, each in a module of its own that is loaded only when asked for.

stdout is data, stderr is narration; the exit code is 0 only when all went well.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("bedside.demo", "a whole visit on simulated devices, in a temporary folder"),
    "kiosk": ("bedside.tui.command", "the therapist's screen"),
    "watch": ("bedside.tui.watch_command", "follow the visit, read-only"),
    "assess": ("bedside.tui.assess_command", "a blinded assessor's screen: assessments and nothing else"),
    "station": ("bedside.station.command", "own the devices, the journal and the recorder"),
    "simulate": ("bedside.simulate", "run the far ends of simulated devices"),
    "doctor": ("bedside.doctor", "check config, devices, clock, disk and permissions"),
    "log": ("bedside.record.command", "show, verify or replay a journal"),
    "analyse": ("bedside.analyse", "measure recordings"),
    "report": ("bedside.report.command", "a visit's report, in the terminal or as one HTML file"),
    "import-robot": ("bedside.importer.command", "read a robot's exported table by a mapping of its columns"),
    "sync": ("bedside.sync.command", "send sealed visits to the study server"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Each module has `arguments(parser)` and `run(args) -> int`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="bedside", description=__doc__.splitlines()[0] if __doc__ else None)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    for name, (module, text) in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text)
        if name == chosen:
            loaded = importlib.import_module(module)
            loaded.arguments(sub)
            sub.set_defaults(run=loaded.run)
    parsed = parser.parse_args(arguments)
    return int(parsed.run(parsed))


if __name__ == "__main__":
    sys.exit(main())
