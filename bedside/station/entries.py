"""From a device's reading to what the recorder keeps: its stream, and the rows or the object to put in.

Sensors with a clock of their own are kept twice: each sample at its mapped time, and the raw pair of device count and
arrival, so that the mapping can be done again offline.
"""

from dataclasses import asdict
from typing import Any

import numpy as np

from bedside.record.recorder import Recorder
from bedside.record.streams import (
    CONTACTS,
    CURRENT,
    MAGNETIC,
    OFFSET,
    OFFSETS,
    PLATE,
    RAILS,
    ROBOT,
    STAMPS,
    Dtype,
    Samples,
    SampleStream,
    StateStream,
)
from hal.device import Device, Reading
from hal.roles import (
    CORNERS,
    ContactState,
    CurrentStatus,
    EmgAmplifier,
    EmgBlock,
    LslStamps,
    MagneticBlock,
    MotionBlock,
    MotionSensor,
    PlateBlock,
    RobotState,
)

EMG = "emg"
PAIR_EVERY_NS = 1_000_000_000
MOTION_CHANNELS = (
    OFFSET,
    "accel_x_m_s2",
    "accel_y_m_s2",
    "accel_z_m_s2",
    "gyro_x_rad_s",
    "gyro_y_rad_s",
    "gyro_z_rad_s",
)
MOTION_UNITS = ("ms", "m/s2", "m/s2", "m/s2", "rad/s", "rad/s", "rad/s")
_DTYPES: dict[str, Dtype] = {"int16": "int16", "int32": "int32", "float32": "float32"}


def even_stream(device: EmgAmplifier, block: EmgBlock) -> SampleStream:
    """The amplifier's stream, with the scale and type that its first block told."""
    names = tuple(channel.name for channel in device.channels)
    return SampleStream(
        name=EMG,
        rate_hz=block.rate_hz,
        channels=names,
        units=("uV",) * len(names),
        units_per_count=(block.uv_per_count,) * len(names),
        dtype=_DTYPES[block.counts.dtype.name],
        device=device.name,
    )


def uneven_stream(
    device: str, place: str, rate_hz: float, channels: tuple[str, ...], units: tuple[str, ...]
) -> SampleStream:
    """A stream of float32 whose first channel is each sample's own time."""
    return SampleStream(
        name=device,
        place=place,
        rate_hz=rate_hz,
        channels=channels,
        units=units,
        units_per_count=(1.0,) * len(channels),
        dtype="float32",
        device=device,
    )


class Entries:
    """Writes readings into one recorder, declaring each stream with its first reading."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._next_pair_ns: dict[str, int] = {}

    def emg(self, device: Device, block: EmgBlock, first_ns: int) -> None:
        """Keep an amplifier's block, the first of its samples taken at `first_ns`."""
        if EMG not in self._recorder.streams and isinstance(device, EmgAmplifier):
            self._recorder.declare(even_stream(device, block))
        self._recorder.samples(EMG, block.first_sample, first_ns, block.counts)
        self._pair(device.name, block.first_sample + len(block.counts), block.mono_ns)
        for trigger in block.triggers:
            self._recorder.state("pulses", block.mono_ns, {"source": "trigger", "sample": trigger})

    def take(self, device: Device, reading: Reading) -> None:
        """Keep a reading of a kind that is kept as samples or states; others are nothing to the recorder."""
        match reading:
            case LslStamps():
                self._stamps(reading)
            case MotionBlock():
                self._motion(device, reading)
            case PlateBlock():
                self._plate(device, reading)
            case MagneticBlock():
                self._magnetic(device, reading)
            case RobotState():
                self._state(ROBOT, reading.mono_ns, robot_data(reading))
            case CurrentStatus():
                self._state(CURRENT, reading.mono_ns, asdict(reading))
            case ContactState():
                self._state(CONTACTS, reading.mono_ns, {"device": device.name, **asdict(reading)})

    def _stamps(self, stamps: LslStamps) -> None:
        """What the sender of an LSL stream says of time, untouched; correcting it is left to the analysis."""
        self._recorder.declare(STAMPS)
        self._recorder.samples(STAMPS.name, stamps.first_sample, stamps.mono_ns, stamps.stamps_s[:, np.newaxis])
        self._state(OFFSETS, stamps.mono_ns, {"first_sample": stamps.first_sample, "offset_s": stamps.offset_s})

    def _motion(self, device: Device, block: MotionBlock) -> None:
        if device.name not in self._recorder.streams:
            place = device.placement if isinstance(device, MotionSensor) else ""
            self._recorder.declare(uneven_stream(device.name, place, block.rate_hz, MOTION_CHANNELS, MOTION_UNITS))
        self._uneven(device.name, block, np.hstack((block.accel_m_s2, block.gyro_rad_s)))
        if block.clipped is not None and block.clipped.any():
            self._rails(device, block, ("sensor",), int(block.clipped.sum()))
        if block.counts is not None and len(block.counts):
            self._recorder.clock_pair(device.name, int(block.counts[-1]), block.mono_ns)
        else:
            self._recorder.clock_pair(device.name, block.first_sample + len(block.sample_ns) - 1, block.mono_ns)

    def _plate(self, device: Device, block: PlateBlock) -> None:
        boards = block.loads_kg.shape[1] // len(CORNERS)
        corners = CORNERS if boards == 1 else tuple(f"{s}_{c}" for s in ("left", "right") for c in CORNERS)
        names = (OFFSET, *(f"{corner}_kg" for corner in corners), "cop_x_cm", "cop_y_cm")
        if device.name not in self._recorder.streams:
            units = ("ms", *("kg",) * len(corners), "cm", "cm")
            self._recorder.declare(uneven_stream(device.name, PLATE, block.rate_hz, names, units))
        self._uneven(device.name, block, np.hstack((block.loads_kg, block.cop_cm)))
        if block.saturated:
            self._rails(device, block, block.saturated, len(block.loads_kg))
        self._pair(device.name, block.first_sample + len(block.sample_ns) - 1, block.mono_ns)

    def _uneven(self, name: str, block: MotionBlock | PlateBlock, values: Samples) -> None:
        if not len(values):
            return
        first_ns = int(block.sample_ns[0])
        offsets = (block.sample_ns - first_ns) / 1e6
        rows = np.column_stack((offsets, values)).astype(np.float32)
        self._recorder.samples(name, block.first_sample, first_ns, rows)

    def _rails(self, device: Device, block: MotionBlock | PlateBlock, where: tuple[str, ...], samples: int) -> None:
        """What was at an end of its range, beside the samples, which do not show it."""
        told = {"device": device.name, "where": where, "samples": samples}
        self._state(RAILS, int(block.sample_ns[0]), told)

    def _magnetic(self, device: Device, block: MagneticBlock) -> None:
        for at_ns, field, raw in zip(
            block.sample_ns.tolist(), block.field_ut.tolist(), block.raw.tolist(), strict=True
        ):
            self._state(MAGNETIC, at_ns, {"device": device.name, "field_ut": field, "raw": raw})

    def _state(self, stream: StateStream, mono_ns: int, data: dict[str, Any]) -> None:
        self._recorder.declare(stream)
        self._recorder.state(stream.name, mono_ns, data)

    def _pair(self, device: str, counter: int, mono_ns: int) -> None:
        if mono_ns >= self._next_pair_ns.get(device, mono_ns):
            self._next_pair_ns[device] = mono_ns + PAIR_EVERY_NS
            self._recorder.clock_pair(device, counter, mono_ns)


def robot_data(state: RobotState) -> dict[str, Any]:
    """A robot's state as it is kept."""
    return {
        "phase": state.phase,
        "speed_kmh": state.speed_kmh,
        "body_weight_support_kg": state.body_weight_support_kg,
        "steps": state.steps,
        "assist_pct": state.assist_pct,
        "angles_deg": state.angles_deg,
        "velocities_deg_s": state.velocities_deg_s,
        "torques_nm": state.torques_nm,
        "contacts": state.contacts,
        "e_stop": state.e_stop,
        "source": state.source,
    }
