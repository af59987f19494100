"""`bedside assess`: a blinded assessor's screen. It assesses, and learns nothing of arm, intensity or dose."""

import argparse

from bedside.tui.command import folder_option


def arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `bedside assess`."""
    folder_option(parser)
    parser.add_argument("--no-quit", action="store_true", help="leave out the key that closes the screen")


def run(args: argparse.Namespace) -> int:
    """Run the assessor's screen until it is closed."""
    from bedside.tui.app import run_app  # noqa: PLC0415 - argparse alone must not load Textual

    return run_app(args.folder, "assess", can_quit=not args.no_quit)
