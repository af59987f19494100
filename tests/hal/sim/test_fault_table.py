"""Which far end has which fault: the table says what the far ends' code acts on, and nothing else is taken."""

import re
from pathlib import Path

import pytest

from hal.sim.far_end import FAR_ENDS
from hal.sim.fault_table import check_target, far_ends_by_faults, faults_of
from hal.sim.faults import GENERIC, FaultSpecError
from hal.sim.world import SimulatedWorld

ROOT = Path(__file__).parents[3]
IMPORTED = re.compile(r"^from (hal\.sim\.(?!patient|world|far_end|fault)[\w.]+) import", re.MULTILINE)
ACTED_ON = re.compile(rf"(?:strike|struck|active)\((?:f\"\{{[\w.]+\}}\.|\")({'|'.join(GENERIC)})\"")
NO_FRAMES = {"lsl_emg": {"garbage", "truncated"}}
"""A stream of a library has no frames that could be spoilt, though it shares the code of amplifiers that have."""


def acted_on(module: str, seen: set[str]) -> set[str]:
    """The generic faults that a module, or one that it is made of, asks for."""
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    if module in seen or not path.exists():
        return set()
    seen.add(module)
    text = path.read_text()
    return set(ACTED_ON.findall(text)).union(*(acted_on(name, seen) for name in IMPORTED.findall(text)))


@pytest.mark.parametrize("name", FAR_ENDS)
def test_the_table_says_what_the_far_end_acts_on(name: str) -> None:
    module = FAR_ENDS[name].make.partition(":")[0]
    assert set(faults_of(FAR_ENDS[name])) == acted_on(module, set()) - NO_FRAMES.get(name, set())


def test_every_generic_fault_belongs_to_a_far_end_and_each_far_end_is_listed_once() -> None:
    groups = far_ends_by_faults()
    assert {fault for faults in groups for fault in faults} == set(GENERIC)
    assert sorted(name for names in groups.values() for name in names) == sorted(FAR_ENDS)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("ftms.coil_out", "ftms has no such fault; it has silence, cable_out"),
        ("trackmaster.silence", "no far end 'trackmaster' is here; add --also trackmaster"),
        ("stimulater.silence", "did you mean stimulator"),
    ],
)
def test_a_fault_that_would_never_strike_is_refused(fault: str, words: str) -> None:
    with pytest.raises(FaultSpecError, match=words):
        check_target(fault, fault, {"ftms": object()})
    check_target("ftms.silence@3", "ftms.silence", {"ftms": object()})
    check_target("emg.hum", "emg.hum", {})


def test_an_unknown_far_end_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no far end 'imu_dott'; did you mean imu_dot"):
        SimulatedWorld(1, tmp_path, also=("imu_dott",))
