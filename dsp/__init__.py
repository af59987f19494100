"""Signal processing: arrays in, numbers out. No clock, no file, no asyncio, no device."""
