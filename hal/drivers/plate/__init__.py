"""Force plates: balance boards and boards of load cells."""
