"""Panels: pure functions from a picture to rows of text."""
