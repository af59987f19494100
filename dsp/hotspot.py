"""The hotspot search: which site the coil goes to next, and which site answers best.

Sites are in cm from the vertex (Cz, half nasion-inion by half tragus-tragus), x to the right, y to the front. Ids are
`r0c0` for the vertex, `c` counting steps from the midline (towards the stimulated hemisphere), `r` to the front.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Hemisphere = Literal["left", "right"]
Axis = Literal["lateral", "anterior"]

STEP_CM = 0.5
REACH_CM = 2.0
TIE_UV = 0.05


@dataclass(frozen=True)
class Site:
    """A place on the scalp, cm from the vertex."""

    id: str
    x_cm: float
    y_cm: float


@dataclass(frozen=True)
class Grid:
    """Sites in the order in which they are visited; `axis` is the one on which the grid may be extended."""

    sites: tuple[Site, ...]
    axis: Axis
    step_cm: float
    hemisphere: Hemisphere | None = None

    def site(self, row: int, column: int) -> Site:
        """The site `row` steps to the front and `column` steps from the midline, in the grid or not."""
        sign = -1.0 if self.hemisphere == "left" else 1.0
        x, y = sign * column * self.step_cm, row * self.step_cm
        return Site(f"r{row}c{column}", round(x, 6) + 0.0, round(y, 6) + 0.0)

    def beyond(self, site: Site) -> Site | None:
        """The site one step over the edge when `site` is the last one of its line, else None.

        A lateral line is never extended over the midline: there the other hemisphere begins.
        """
        row, column = self._place(site)
        if self.axis == "lateral":
            further = self.site(row, column + 1) if column > 0 else None
        else:
            further = self.site(row + (1 if row > 0 else -1), column) if row else None
        return further if further is not None and further not in self.sites else None

    def with_site(self, site: Site) -> "Grid":
        """The same grid with one more site at its end."""
        return Grid((*self.sites, site), self.axis, self.step_cm, self.hemisphere)

    def _place(self, site: Site) -> tuple[int, int]:
        return round(site.y_cm / self.step_cm), round(abs(site.x_cm) / self.step_cm)


def lateral_grid(
    hemisphere: Hemisphere, *, step_cm: float = STEP_CM, reach_cm: float = REACH_CM, rows: Sequence[int] = (0,)
) -> Grid:
    """From the vertex towards the hemisphere to be stimulated; `rows` adds lines to the front (+) or back (-).

    Raises ValueError for a step that is not positive or a reach below one step.
    """
    if hemisphere not in ("left", "right"):
        raise ValueError(f"hemisphere must be left or right, got {hemisphere!r}")
    frame = Grid((), "lateral", _checked(step_cm, reach_cm), hemisphere)
    columns = range(round(reach_cm / step_cm) + 1)
    return Grid(tuple(frame.site(r, c) for r in rows for c in columns), "lateral", step_cm, hemisphere)


def anterior_grid(*, step_cm: float = STEP_CM, reach_cm: float = REACH_CM) -> Grid:
    """Along the midline: the vertex, then forward step by step, then backward. Errors as `lateral_grid`."""
    frame = Grid((), "anterior", _checked(step_cm, reach_cm))
    steps = range(1, round(reach_cm / step_cm) + 1)
    return Grid(tuple(frame.site(r, 0) for r in (0, *steps, *(-s for s in steps))), "anterior", step_cm)


def _checked(step_cm: float, reach_cm: float) -> float:
    if not 0 < step_cm <= reach_cm:
        raise ValueError(f"need 0 < step <= reach, got {step_cm} and {reach_cm} cm")
    return step_cm


@dataclass(frozen=True)
class HotspotRule:
    """How often a site is stimulated and when its result is believed.

    A site is visited with `stimuli_per_site` valid stimuli. The best site is visited again; the means of two visits in
    a row must differ by less than `consistent_ratio`. `criterion_uv` is the mean below which a site does not answer.
    """

    stimuli_per_site: int = 4
    criterion_uv: float = 50.0
    consistent_ratio: float = 3.0
    most_visits: int = 4
    extensions: int = 1


@dataclass(frozen=True)
class Stimulus:
    """One response of the target muscle: the site's id, peak-to-peak (uV), onset (ms or None), whether it counts."""

    site: str
    amplitude_uv: float
    latency_ms: float | None = None
    valid: bool = True


@dataclass(frozen=True)
class Score:
    """What a site has shown: valid stimuli, mean amplitude (uV) and latency (ms), mean of each finished visit (uV)."""

    site: Site
    stimuli: int
    mean_uv: float
    latency_ms: float | None
    visits_uv: tuple[float, ...]


@dataclass(frozen=True)
class Search:
    """Where the search stands. `next_site` is None when it is over or stuck; `done` only when `best` is confirmed."""

    next_site: Site | None
    best: Site | None
    done: bool
    reason: str
    scores: tuple[Score, ...]
    grid: Grid


_DEFAULT = HotspotRule()


def search(grid: Grid, stimuli: Iterable[Stimulus], rule: HotspotRule = _DEFAULT) -> Search:
    """Judge all stimuli so far (in order): the next site, the best site and why.

    Every site of the grid is visited once, the grid grows by a step where its edge answers best, and the best site
    (largest mean peak-to-peak; on a tie the shorter latency) is visited again until two visits agree. Stimuli at sites
    outside the grid are a ValueError, so that a typing error cannot vanish.
    """
    rows = tuple(stimuli)
    grid = _grown(grid, rows, rule)
    known = {site.id for site in grid.sites}
    strange = sorted({row.site for row in rows} - known)
    if strange:
        raise ValueError(f"no such site in the grid: {', '.join(strange)}; it has {', '.join(sorted(known))}")
    scores = tuple(_score(site, rows, rule) for site in grid.sites)
    unfinished = next((score for score in scores if not score.visits_uv), None)
    best = _best(scores)
    if unfinished is not None:
        done = f"{unfinished.stimuli} of {rule.stimuli_per_site} stimuli at {unfinished.site.id}"
        return Search(unfinished.site, best.site if best else None, done=False, reason=done, scores=scores, grid=grid)
    if best is None or best.mean_uv < rule.criterion_uv:
        reason = f"no site reaches a mean of {rule.criterion_uv:g} uV: raise the intensity and search again"
        return Search(None, None, done=False, reason=reason, scores=scores, grid=grid)
    return _confirm(best, scores, grid, rule)


def _confirm(best: Score, scores: tuple[Score, ...], grid: Grid, rule: HotspotRule) -> Search:
    name, visits = best.site.id, best.visits_uv
    if len(visits) < 2:
        reason = f"{name} answers best ({best.mean_uv:.0f} uV): visit it again to confirm"
        return Search(best.site, best.site, done=False, reason=reason, scores=scores, grid=grid)
    ratio = _ratio(visits[-2], visits[-1])
    if ratio < rule.consistent_ratio:
        edge = "; it lies at the edge of the grid" if grid.beyond(best.site) else ""
        reason = f"{name} answers best: {best.mean_uv:.0f} uV, two visits agree (ratio {ratio:.1f}){edge}"
        return Search(None, best.site, done=True, reason=reason, scores=scores, grid=grid)
    if len(visits) < rule.most_visits:
        reason = f"{name}: two visits differ by a factor of {ratio:.1f}: check the coil and visit it again"
        return Search(best.site, best.site, done=False, reason=reason, scores=scores, grid=grid)
    reason = f"{name} does not repeat (factor {ratio:.1f} after {len(visits)} visits): check coil, rest and intensity"
    return Search(None, best.site, done=False, reason=reason, scores=scores, grid=grid)


def _grown(grid: Grid, rows: tuple[Stimulus, ...], rule: HotspotRule) -> Grid:
    """The grid with the steps over its edge that the first visits call for."""
    for _ in range(rule.extensions):
        scores = tuple(_score(site, rows, rule) for site in grid.sites)
        if not scores or any(not score.visits_uv for score in scores):
            return grid
        best = max(scores, key=lambda score: score.visits_uv[0])
        further = grid.beyond(best.site) if best.visits_uv[0] >= rule.criterion_uv else None
        if further is None:
            return grid
        grid = grid.with_site(further)
    return grid


def _score(site: Site, rows: tuple[Stimulus, ...], rule: HotspotRule) -> Score:
    here = [row for row in rows if row.site == site.id and row.valid]
    amplitudes = [row.amplitude_uv for row in here]
    latencies = [row.latency_ms for row in here if row.latency_ms is not None]
    size = rule.stimuli_per_site
    visits = tuple(_mean(amplitudes[i : i + size]) for i in range(0, len(amplitudes) // size * size, size))
    return Score(site, len(here), _mean(amplitudes), _mean(latencies) if latencies else None, visits)


def _best(scores: Iterable[Score]) -> Score | None:
    answered = [score for score in scores if score.stimuli]
    if not answered:
        return None
    largest = max(score.mean_uv for score in answered)
    tied = [score for score in answered if largest - score.mean_uv <= TIE_UV]
    return min(tied, key=lambda score: float("inf") if score.latency_ms is None else score.latency_ms)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _ratio(a_uv: float, b_uv: float) -> float:
    small, large = sorted((a_uv, b_uv))
    return large / small if small > 0 else float("inf")
