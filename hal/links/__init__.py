"""Bytes over a wire: open, read, write, reopen. Never a protocol."""
