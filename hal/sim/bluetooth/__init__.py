"""A Bluetooth service on a private D-Bus, and the peripherals on it."""
