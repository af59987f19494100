"""The adaptive method's decisions over a belief: where to pulse, when to stop, what is out of reach.

Pulses next to the expected threshold, where a response is as likely as not (threshold tracking: Awiszus 2003,
Suppl Clin Neurophysiol 56:13). The stopping rule asks for a standard deviation of the threshold that leaves
an error above 5 %, the largest acceptable one (Awiszus 2012), to one patient in twenty.
"""

from __future__ import annotations

from dsp.threshold.belief import Belief
from dsp.threshold.grid import LOWEST_SHARE_OF_RANGE
from dsp.threshold.ladder import Verdict

LARGEST_RISE_PCT_MSO = 10.0
FEWEST_TRIALS = 12
MOST_TRIALS = 40
ENOUGH_RELATIVE_SD = 0.026
AIM_ABOVE = 0.02
_CERTAIN = 0.975


def wanted_pct_mso(belief: Belief) -> float:
    """The intensity worth most now (%MSO): the start, then a little above the expected threshold.

    A response that drowns in the resting noise tells less than one above it.
    """
    return (1.0 + AIM_ABOVE) * belief.mean_pct_mso if belief.trials else belief.start_pct_mso


def limit_pct_mso(belief: Belief) -> float:
    """The highest intensity (%MSO) that is not too large a step up from the last one the patient has felt."""
    felt = belief.trials[-1][0] if belief.trials else belief.start_pct_mso
    return felt + LARGEST_RISE_PCT_MSO


def out_of_reach(belief: Belief, range_pct_mso: tuple[float, float]) -> Verdict | None:
    """Whether the threshold is almost certainly outside the range, and on which side.

    "Responses" below a twentieth of the range are not taken for a threshold: no coil stimulates there.
    """
    low, high = max(range_pct_mso[0], LOWEST_SHARE_OF_RANGE * range_pct_mso[1]), range_pct_mso[1]
    if belief.chance_above(high) > _CERTAIN:
        return "above range"
    return "below range" if belief.chance_above(low) < 1.0 - _CERTAIN else None


def settled(belief: Belief, range_pct_mso: tuple[float, float]) -> bool:
    """Whether more pulses would be spent for too little."""
    counted = len(belief.trials)
    if counted < FEWEST_TRIALS:
        return False
    sure = belief.relative_sd <= ENOUGH_RELATIVE_SD
    return sure or counted >= MOST_TRIALS or out_of_reach(belief, range_pct_mso) is not None
