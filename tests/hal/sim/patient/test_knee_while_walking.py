"""The knee's curve over the gait cycle is that of the simulated patient, whose leg knows nothing of how it is found."""

import numpy as np
import pytest

from dsp.cycling import Segment as Worn
from dsp.gait import Foot, analyse
from dsp.gait.curves import POINTS, curves
from dsp.gait.leg import leg_angles
from hal.sim.motion.imu_motion import SegmentMotion
from hal.sim.patient.body import Body
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.walking_style import SIDES, Side

RATE_HZ = 100.0
WORN = tuple((segment, side) for side in SIDES for segment in ("foot", "shank", "thigh"))
RMSE_DEG = 1.0
"""With noise, bias and the thump of a landing, without soft tissue (0.04 was reached)."""


@pytest.mark.parametrize("paretic", [None, "right"])
def test_a_walking_knee_bends_as_the_patients_does(paretic: Side | None) -> None:
    body = Body(GaitModel(), 11, paretic)
    motions = {
        worn: SegmentMotion(body, worn[0], left=worn[1] == "left", rng=np.random.default_rng((11, number)))
        for number, worn in enumerate(WORN)
    }
    felt, true_deg, times_s = [], [], []
    for activity, from_s, to_s in (("stand", 0.0, 3.0), ("walk", 3.0, 33.0), ("stand", 33.0, 40.0)):
        body.do(activity, from_s, speed_m_s=0.8)
        t_s = np.arange(round(from_s * RATE_HZ), round(to_s * RATE_HZ)) / RATE_HZ
        felt.append({worn: motion.at(t_s) for worn, motion in motions.items()})
        true_deg.append({side: body.knee_deg(side, t_s) for side in SIDES})
        times_s.append(t_s)
    gyro, accel = (
        {worn: np.vstack([getattr(part[worn], name) for part in felt]) for worn in WORN}
        for name in ("gyro_rad_s", "accel_m_s2")
    )
    feet = {side: Foot(gyro["foot", side], accel["foot", side], RATE_HZ) for side in SIDES}
    gait = analyse(feet["left"], feet["right"])
    for side in SIDES:
        own = [stride for stride in gait.strides if stride.side == side]
        thigh, shank = (Worn(gyro[part, side], accel[part, side]) for part in ("thigh", "shank"))
        angles = leg_angles(thigh, shank, own, rate_hz=RATE_HZ)
        assert angles is not None
        assert angles.refused == {}
        found = curves(gait.strides, side, angles).by_name["knee_deg"]
        flexion = np.concatenate([part[side] for part in true_deg])
        rows = [
            np.interp(np.linspace(first, last, POINTS), np.concatenate(times_s), flexion)
            for first, last in ((s.initial_contact_s, s.next_initial_contact_s) for s in own)
            if first is not None and last is not None
        ]
        truth = np.mean(rows, axis=0) - flexion[100]  # against quiet standing
        assert float(np.sqrt(np.mean((found.mean - truth) ** 2))) < RMSE_DEG
        assert float(np.ptp(truth)) > 15.0
