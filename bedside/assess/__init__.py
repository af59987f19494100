"""Assessments: pure rules over forms and results. No clock, file, device or screen."""
