"""Far ends of the force plates."""
