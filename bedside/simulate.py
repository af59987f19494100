"""`bedside simulate`: the far ends of simulated devices, by hand."""

from hal.sim.__main__ import arguments, run

__all__ = ["arguments", "run"]
