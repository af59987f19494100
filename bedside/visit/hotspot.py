"""The hotspot search over the accepted single pulses: intensity first, then site by site (`dsp.hotspot`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from bedside.config.people import Side
from bedside.config.study import HuntConfig
from bedside.visit.side import aim_of
from bedside.visit.state import Single, Visit
from dsp.hotspot import Grid, HotspotRule, Search, Site, Stimulus, anterior_grid, lateral_grid, search

CLIMB_PULSES = 4
CLIMB_HITS = 2
CRITERION_UV = 50.0


@dataclass(frozen=True, slots=True)
class HotspotState:
    """Where the search stands: intensity (%MSO), the search itself, and why this intensity."""

    pct_mso: int
    search: Search
    climbing: bool
    reason: str

    @property
    def sites(self) -> tuple[Site, ...]:
        """All sites, those beyond the edge included."""
        return self.search.grid.sites

    @property
    def exhausted(self) -> bool:
        """Nothing is left to try."""
        return not self.climbing and self.search.next_site is None and not self.search.done


def pulses(state: Visit) -> tuple[Single, ...]:
    """The hotspot's single pulses that count."""
    return tuple(single for single in state.singles if single.purpose == "hotspot" and single.counts)


def standing(state: Visit) -> HotspotState:
    """The search as the accepted pulses leave it."""
    rows = tuple((single.amplitude_pct_mso, _stimulus(single)) for single in pulses(state))
    record = state.recalled
    start_at = record.hotspot_site if record is not None else None
    return _standing(state.setup.study.hunt, _hemisphere(state), start_at, rows)


def _hemisphere(state: Visit) -> str:
    aim = aim_of(state)
    return aim.hemisphere if aim is not None else "midline"


def _stimulus(single: Single) -> Stimulus:
    response = single.response
    amplitude_uv = response.amplitude_uv if response is not None else 0.0
    return Stimulus(single.site, amplitude_uv, response.latency_ms if response is not None else None)


def grid(config: HuntConfig, hemisphere: str, start_at: str | None = None) -> Grid:
    """The study's grid, beginning with the last visit's site when it is one of them."""
    if config.direction == "midline" or hemisphere == "midline":
        plain = anterior_grid(step_cm=config.step_cm, reach_cm=config.range_cm)
    else:
        side: Side = "left" if hemisphere == "left" else "right"
        plain = lateral_grid(side, step_cm=config.step_cm, reach_cm=config.range_cm)
    first = tuple(site for site in plain.sites if site.id == start_at)
    rest = tuple(site for site in plain.sites if site.id != start_at)
    return Grid((*first, *rest), plain.axis, plain.step_cm, plain.hemisphere)


@lru_cache(maxsize=8)
def _standing(
    config: HuntConfig, hemisphere: str, start_at: str | None, rows: tuple[tuple[int, Stimulus], ...]
) -> HotspotState:
    sites = grid(config, hemisphere, start_at)
    rule = HotspotRule(stimuli_per_site=config.pulses_per_site, criterion_uv=CRITERION_UV)
    level, reason = config.start_pct_mso, f"start at {config.start_pct_mso} %MSO"
    while True:
        here = [stimulus for pct, stimulus in rows if pct == level]
        hits = sum(stimulus.amplitude_uv >= CRITERION_UV for stimulus in here)
        misses = len(here) - hits
        found = search(sites, _within(sites, here, rule), rule)
        raised = min(level + config.start_step_pct_mso, config.cap_pct_mso)
        if raised == level or (hits < CLIMB_HITS and misses <= CLIMB_PULSES - CLIMB_HITS):
            return HotspotState(level, found, hits < CLIMB_HITS, reason)
        if hits >= CLIMB_HITS and (found.done or found.next_site is not None or found.best is not None):
            return HotspotState(
                level, found, climbing=False, reason=f"{hits} responses at {level} %MSO: {found.reason}"
            )
        level, reason = raised, f"{level} to {raised} %MSO: {hits} of {len(here)} pulses reached {CRITERION_UV:g} uV"


def _within(sites: Grid, stimuli: Iterable[Stimulus], rule: HotspotRule) -> list[Stimulus]:
    """The stimuli whose site the grid has, grown by as many steps as the search itself may take."""
    known = {site.id for site in sites.sites}
    for site in sites.sites:
        further = sites.beyond(site)
        if further is not None and rule.extensions:
            known.add(further.id)
    return [stimulus for stimulus in stimuli if stimulus.site in known]


def site_of(state: Visit, name: str) -> Site | None:
    """A site of the present grid by its id."""
    return next((site for site in standing(state).sites if site.id == name), None)
