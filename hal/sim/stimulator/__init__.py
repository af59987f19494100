"""Far ends of the magnetic stimulators."""
