"""Options of a device file."""

from dataclasses import dataclass
from typing import Literal

import pytest

from hal.device import SetupError
from hal.options import parse_options, types_at, values_at


@dataclass(frozen=True)
class Sample:
    rate_hz: int
    names: tuple[str, ...] = ()
    gain: float = 1.0
    units: Literal["kmh", "mph"] = "kmh"
    sides: tuple[Literal["left", "right"], ...] = ()

    def __post_init__(self) -> None:
        if self.gain <= 0:
            raise ValueError("gain must be positive")


def test_typed_options() -> None:
    assert parse_options(Sample, {"rate_hz": 5, "names": ["a"], "gain": 2}, device="d") == Sample(5, ("a",), 2.0)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"rate": 5}, r"d: unknown option 'rate' \(did you mean rate_hz\?\)"),
        ({"zzz": 5}, r"d: unknown option 'zzz' \(known: gain, names, rate_hz, sides, units\)"),
        ({}, "d: option 'rate_hz' is missing"),
        ({"rate_hz": "5"}, "option 'rate_hz' makes no sense: Expected `int`, got `str`"),
        ({"rate_hz": 5, "names": [1]}, r"option 'names\[0\]' makes no sense"),
        ({"rate_hz": 5, "units": "km/h"}, r"option 'units' makes no sense: .*'km/h' \(valid: kmh, mph\)"),
        ({"rate_hz": 5, "sides": ["up"]}, r"option 'sides\[0\]' makes no sense: .*\(valid: left, right\)"),
        ({"rate_hz": 5, "gain": 0.0}, "gain must be positive"),
        ({"rate_hz": 5, "gain": float("nan")}, "option 'gain' is no number"),
        ({"rate_hz": 5, "names": [{"weight": [1.0, float("inf")]}]}, "option 'names' is no number"),
    ],
)
def test_wrong_options_name_device_and_key(options: dict[str, object], why: str) -> None:
    with pytest.raises(SetupError, match=why):
        parse_options(Sample, options, device="d")


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({"rate": 5}, "options.rate"),
        ({}, "options.rate_hz"),
        ({"rate_hz": 5, "gain": 0.0}, "options.gain"),
        ({"rate_hz": 5, "gain": float("nan")}, "options.gain"),
        ({"rate_hz": 5, "units": "km/h"}, "options.units"),
    ],
)
def test_the_place_in_the_file_is_told(options: dict[str, object], key: str) -> None:
    with pytest.raises(SetupError) as refused:
        parse_options(Sample, options, device="d")
    assert refused.value.key == key


def test_what_may_stand_where() -> None:
    assert values_at(Sample, "$.units") == values_at(Sample, "units") == ["kmh", "mph"]
    assert values_at(Sample, "gain") == [] == types_at(Sample, "nowhere")
