"""The one process that owns devices, journal and recorder, and its socket."""
