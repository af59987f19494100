"""Tables that other programs exported, read by a mapping of their columns to our names and units."""
