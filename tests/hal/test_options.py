"""Options of a device file."""

from dataclasses import dataclass

import pytest

from hal.device import SetupError
from hal.options import parse_options


@dataclass(frozen=True)
class Sample:
    rate_hz: int
    names: tuple[str, ...] = ()
    gain: float = 1.0

    def __post_init__(self) -> None:
        if self.gain <= 0:
            raise ValueError("gain must be positive")


def test_typed_options() -> None:
    assert parse_options(Sample, {"rate_hz": 5, "names": ["a"], "gain": 2}, device="d") == Sample(5, ("a",), 2.0)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rate": 5}, r"d: unknown option 'rate' \(did you mean rate_hz\?\)"),
        ({"zzz": 5}, r"d: unknown option 'zzz' \(known: gain, names, rate_hz\)"),
        ({}, "rate_hz"),
        ({"rate_hz": "5"}, "rate_hz"),
        ({"rate_hz": 5, "names": [1]}, "names"),
        ({"rate_hz": 5, "gain": 0.0}, "gain must be positive"),
        ({"rate_hz": 5, "gain": float("nan")}, "option 'gain' is no number"),
        ({"rate_hz": 5, "names": [{"weight": [1.0, float("inf")]}]}, "option 'names' is no number"),
    ],
)
def test_wrong_options_name_device_and_key(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        parse_options(Sample, options, device="d")
