"""Centre of pressure of a person on a force plate: the trial's variables, and what each of them rests on.

x is medio-lateral, positive to the patient's right; y is antero-posterior, positive to the front; both in cm.
"""

from dsp.posture.checks import absent, mended
from dsp.posture.directions import DISPUTED, SMALLER_IS_BETTER, moved
from dsp.posture.distribution import Distribution, weight_distribution
from dsp.posture.even import EvenTrack, resample
from dsp.posture.identities import broken
from dsp.posture.leaning import Lean, limits_of_stability, theoretical_limit_cm
from dsp.posture.outline import outline_area_cm2
from dsp.posture.perturbing import Recovery, perturbation
from dsp.posture.plate import against_loads
from dsp.posture.result import Posture
from dsp.posture.shifting import Shift, weight_shift
from dsp.posture.static import analyse

__all__ = [
    "DISPUTED",
    "SMALLER_IS_BETTER",
    "Distribution",
    "EvenTrack",
    "Lean",
    "Posture",
    "Recovery",
    "Shift",
    "absent",
    "against_loads",
    "analyse",
    "broken",
    "limits_of_stability",
    "mended",
    "moved",
    "outline_area_cm2",
    "perturbation",
    "resample",
    "theoretical_limit_cm",
    "weight_distribution",
    "weight_shift",
]
