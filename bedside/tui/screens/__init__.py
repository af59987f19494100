"""Bodies, dialogs and pages."""
