"""Which generic faults each far end on request has: elsewhere they would be asked for and never strike."""

from collections.abc import Mapping

from hal.options import nearest
from hal.sim.far_end import FAR_ENDS, FarEndKind
from hal.sim.faults import KINDS, FaultSpecError

_WIRE = ("silence", "cable_out")
_FRAMES = (*_WIRE, "garbage", "truncated")
_SAMPLES = ("lost_samples", "loss", "freeze")
_FAULTS: Mapping[str, tuple[str, ...]] = {
    "stimulator.magstim_device": (
        *_FRAMES,
        "panel_off",
        "coil_out",
        "device_error",
        "ignore_off",
        "lost_pulse",
        "overheat",
    ),
    "stimulator.trigger_device": _WIRE,
    "current.escd_device": (
        *_FRAMES,
        "low_battery",
        "panel_off",
        "ignore_off",
        "open_electrode",
        "dry_electrode",
        "current_off",
    ),
    "emg.sessantaquattro_device": (*_FRAMES, *_SAMPLES, "saturated"),
    "emg.bitalino_device": (*_FRAMES, *_SAMPLES, "saturated"),
    "emg.cyton_device": (*_FRAMES, *_SAMPLES, "saturated"),
    "emg.delsys_device": (*_FRAMES, *_SAMPLES, "saturated"),
    "emg.lsl_device": (*_WIRE, *_SAMPLES, "saturated"),
    "motion.imu_worn": (*_FRAMES, *_SAMPLES, "low_battery"),
    "plate.balance_board_device": (*_FRAMES, *_SAMPLES, "saturated", "low_battery"),
    "plate.force_board_device": (*_FRAMES, *_SAMPLES, "saturated"),
    "gait.ftms_device": (*_FRAMES, "freeze", "panel_stop", "safety_key"),
    "gait.trackmaster_device": (*_FRAMES, "freeze", "panel_stop"),
    "gait.openexo_device": (*_FRAMES, *_SAMPLES, "low_battery", "device_error"),
    "contact.contact_device": (*_WIRE, "bounce"),
}
"""By the module below `hal.sim` that makes the far end."""
ALWAYS_THERE = tuple(dict.fromkeys(name.partition(".")[0] for name in KINDS))
"""Targets of faults that every world has."""


def faults_of(kind: FarEndKind) -> tuple[str, ...]:
    """The names of the generic faults that this far end has."""
    return _FAULTS[kind.make.partition(":")[0].removeprefix("hal.sim.")]


def far_ends_by_faults() -> dict[tuple[str, ...], list[str]]:
    """The far ends on request that have the same faults, by these."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, kind in FAR_ENDS.items():
        groups.setdefault(faults_of(kind), []).append(name)
    return groups


def check_target(spec: str, fault: str, here: Mapping[str, object]) -> None:
    """Raise `FaultSpecError` where `fault` ("NAME.FAULT") would never strike: `here` lacks NAME, or NAME the fault."""
    if fault in KINDS:
        return
    target, _, what = fault.partition(".")
    if target not in here:
        remedy = f"add --also {target}" if target in FAR_ENDS else nearest(target, [*ALWAYS_THERE, *here])
        raise FaultSpecError(f"fault {spec!r}: no far end {target!r} is here; {remedy}")
    known = list(faults_of(FAR_ENDS[target]))
    if what not in known:
        raise FaultSpecError(f"fault {spec!r}: {target} has no such fault; it has {', '.join(known)}")
