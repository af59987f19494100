"""`bedside kiosk`: the therapist's screen."""

import argparse
from pathlib import Path

from bedside.tui.glyphs import sampler

DEFAULT_RUN_FOLDER = Path("/run/bedside")


def folder_option(parser: argparse.ArgumentParser) -> None:
    """Where the station is to be found; shared by every command that opens a screen."""
    parser.add_argument(
        "--run",
        dest="folder",
        type=Path,
        default=DEFAULT_RUN_FOLDER,
        metavar="DIR",
        help="folder with the station's sockets",
    )


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bedside kiosk`."""
    folder_option(parser)
    parser.add_argument("--no-quit", action="store_true", help="leave out the key that closes the screen")
    parser.add_argument("--hint", default="", metavar="TEXT", help="words for the start page, such as how to sign in")
    parser.add_argument("--glyphs", action="store_true", help="print signs to see which this terminal can show")


def run(args: argparse.Namespace) -> int:
    """Run the kiosk until it is closed."""
    if args.glyphs:
        print("\n".join(sampler()))  # noqa: T201
        return 0
    return run_kiosk(args.folder, can_quit=not args.no_quit, hint=args.hint)


def run_kiosk(folder: Path, *, can_quit: bool = True, hint: str = "") -> int:
    """The kiosk on the station whose sockets lie in `folder`; returns the exit code."""
    from bedside.tui.app import run_app  # noqa: PLC0415 - argparse alone must not load Textual

    return run_app(folder, "control", can_quit=can_quit, hint=hint)
