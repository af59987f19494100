"""`bedside simulate`: the far ends of simulated devices, by hand."""

import argparse

from hal.sim.__main__ import main, parser


def arguments(sub: argparse.ArgumentParser) -> None:
    """The options are those of the simulation itself."""
    sub.add_argument("options", nargs=argparse.REMAINDER, help=parser().format_usage())
    sub.prefix_chars = " "


def run(args: argparse.Namespace) -> int:
    """Run the far ends until ended."""
    return main(args.options)
