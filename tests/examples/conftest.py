"""The example's own tests need it installed: `test_lab_imu.py` installs it and runs them."""

collect_ignore = ["lab_imu"]
