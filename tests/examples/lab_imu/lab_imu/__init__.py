"""An example: the driver of an inertial sensor that a laboratory built itself."""
