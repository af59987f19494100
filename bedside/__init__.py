"""bedside: one patient's visit beside a gait-training exoskeleton, from check-in to sign-off."""
