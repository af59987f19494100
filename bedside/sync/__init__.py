"""Store and forward: sealed visits to the study server, never overwriting, never in the way of the station."""
