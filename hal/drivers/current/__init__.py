"""The electrical stimulator for direct current through the spine."""
