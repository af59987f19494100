"""Hardware: bytes and devices in, typed readings out. Knows nothing of `bedside` or `dsp`."""
