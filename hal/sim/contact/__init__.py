"""Far ends of switches."""
