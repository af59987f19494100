"""Widgets: what paints and what takes keys."""
