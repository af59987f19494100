"""Far ends of the EMG amplifiers."""
