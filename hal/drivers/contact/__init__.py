"""Switches on a control line: emergency stop and foot switch."""
