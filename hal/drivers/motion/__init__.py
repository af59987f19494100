"""Inertial sensors, and the one stream that they share."""
