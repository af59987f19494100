"""One family of devices a file: a codec without I/O, and the driver that holds the conversation."""
