"""A gait robot's exported session on the command line."""
