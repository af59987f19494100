"""Far ends of the inertial sensors."""
