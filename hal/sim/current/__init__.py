"""The far end of the electrical stimulator."""
