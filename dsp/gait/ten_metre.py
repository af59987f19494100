"""The ten-metre walk from foot sensors: the time in which a foot covers the distance after a flying start."""

from dataclasses import dataclass

from dsp.gait.model import SIDES, Gait, Stride

DISTANCE_M, RUN_IN_M = 10.0, 2.0


@dataclass(frozen=True)
class TenMetre:
    """Time and speed, mean of the feet that covered the distance straight; or why there is none."""

    distance_m: float
    time_s: float | None = None
    speed_m_s: float | None = None
    reason: str | None = None


def ten_metre(
    gait: Gait, *, distance_m: float = DISTANCE_M, run_in_m: float = RUN_IN_M, belt: bool = False
) -> TenMetre:
    """Time over `distance_m` after the first `run_in_m`, over the first straight row of strides without a hole."""
    if belt:
        return TenMetre(distance_m, reason="walked on a belt: no distance over ground")
    if gait.refusal is not None:
        return TenMetre(distance_m, reason=gait.refusal)
    times = []
    for side in SIDES:
        rows = _straight_rows([s for s in gait.strides if s.side == side])
        found = [t for row in rows if (t := _time(row, run_in_m, distance_m)) is not None]
        times.extend(found[:1])
    if not times:
        return TenMetre(distance_m, reason=f"no {run_in_m + distance_m:g} m of straight walking without a gap")
    time_s = sum(times) / len(times)
    return TenMetre(distance_m, time_s, distance_m / time_s)


def _straight_rows(strides: list[Stride]) -> list[list[Stride]]:
    """Rows of strides that join and have a length, broken at turns."""
    rows: list[list[Stride]] = [[]]
    for stride in strides:
        if stride.is_turn or stride.stride_length_m is None:
            rows.append([])
            continue
        if rows[-1] and rows[-1][-1].next_mid_stance_s != stride.mid_stance_s:
            rows.append([])
        rows[-1].append(stride)
    return rows


def _time(row: list[Stride], start_m: float, distance_m: float) -> float | None:
    """From passing `start_m` to passing `distance_m` more, between mid-stances in proportion."""
    first, last = _passing(row, start_m), _passing(row, start_m + distance_m)
    return None if first is None or last is None else last - first


def _passing(row: list[Stride], metres: float) -> float | None:
    walked = 0.0
    for stride in row:
        length = stride.stride_length_m or 0.0
        if walked + length >= metres and length > 0:
            lasts = stride.next_mid_stance_s - stride.mid_stance_s
            return stride.mid_stance_s + lasts * (metres - walked) / length
        walked += length
    return None
