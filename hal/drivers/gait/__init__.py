"""Treadmills and walking robots: what is read of them, and the two whose speed can be set."""
