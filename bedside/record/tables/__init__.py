"""Tables that other programs recorded, read by a mapping of their columns to our names and units."""
