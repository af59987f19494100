"""The one simulated patient: muscles, walking, standing, pedalling."""
