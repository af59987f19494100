"""Whether turn rate and acceleration come in units that belong together.

Both sensors feel the knee: worked out from the thigh and from the shank, its acceleration is one. What a sensor's
turning adds to it goes with the square of the turn rate, so that a turn rate read with another range than it was sent
with does not fit; and with the right factor it fits at once.
"""

from itertools import product

from dsp.cycling.linkage import joints
from dsp.cycling.segment import Array, planar

FACTORS = (0.5, 0.8, 0.9, 1.1, 1.25, 2.0)
LONGEST_S = 15.0
BETTER, WELL = 0.5, 0.25
"""A factor is the right one if it leaves half of the residual and a quarter of what was to explain, or less. On the
modelled leg none does of those with soft tissue up to 3 degrees and 15 to 90 rpm that were sent in the right unit."""
FITS = 0.06
"""A residual that no error of scale of 10 % leaves: nothing needs to be tried."""
RANGES = 1.5
"""Ranges come in doubles: a factor beyond this one is a wrong range, one below may be a bad calibration."""


def wrong_range(thigh: tuple[Array, Array], shank: tuple[Array, Array], rate_hz: float) -> tuple[str, float] | None:
    """The sensor ("thigh", "shank" or "both") and the factor with which its turn rate (n, 3) in rad/s fits; or None.

    Each sensor is its turn rate and its acceleration (n, 3) in m/s2. Of a long ride its middle is looked at.
    """
    size, most = thigh[0].shape[0], int(LONGEST_S * rate_hz)
    part = slice(max(0, (size - most) // 2), max(0, (size - most) // 2) + most)

    def residual(of_thigh: float, of_shank: float) -> float:
        mine = planar(thigh[0][part] * of_thigh, thigh[1][part], rate_hz)
        others = (
            planar(shank[0][part] * of_shank, shank[1][part], rate_hz, mirrored=mirrored) for mirrored in (False, True)
        )
        return min(joints(mine, other, rate_hz).knee_residual for other in others)

    as_it_is = residual(1.0, 1.0)
    if as_it_is <= FITS:
        return None
    tried = {
        (name, factor): residual(factor if name != "shank" else 1.0, factor if name != "thigh" else 1.0)
        for name, factor in product(("both", "thigh", "shank"), FACTORS)
    }
    best = min(tried, key=lambda key: tried[key])
    return best if tried[best] <= min(WELL, BETTER * as_it_is) else None
