"""Magnetic stimulators: MagPro, Magstim, any with a trigger input, and those worked by hand."""
