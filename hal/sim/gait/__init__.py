"""Far ends of treadmills and walking robots."""
