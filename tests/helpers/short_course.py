"""The shipped configuration with a shorter treatment, so that a whole visit takes well under a minute."""

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]


def short_course(folder: Path, pulses: int) -> str:
    """A configuration in `folder` whose treatment has so many pulses; its path."""
    config = folder / "short"
    shutil.copytree(ROOT / "configs", config)
    preset = config / "protocols" / "lf_1hz_1200.toml"
    text = preset.read_text()
    assert "pulses_in_burst = 1200" in text
    preset.write_text(text.replace("pulses_in_burst = 1200", f"pulses_in_burst = {pulses}"))
    return str(config)
