"""The pure rules of a visit: no clock, no device, no file, no await."""
