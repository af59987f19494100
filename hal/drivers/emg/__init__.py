"""Amplifiers for surface EMG, and what their sample streams share."""
