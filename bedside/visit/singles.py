"""Single pulses for hotspot and threshold: which intensity, when, and the chain amplitude, arm, pulse."""

import zlib

from msgspec.structs import replace

from bedside.events import (
    AmplitudeIntended,
    ArmIntended,
    CoilPlaced,
    Event,
    HotspotChosen,
    HuntStarted,
    OffIntended,
    PacingSet,
    PulseIntended,
    PulseJudged,
    Purpose,
    ResponseMissing,
    StepId,
    ThresholdFound,
)
from bedside.refusal import Refusal
from bedside.visit import hotspot, hunt, interlocks, potentials
from bedside.visit.inputs import NS, Now
from bedside.visit.side import target_channel
from bedside.visit.state import Visit

SWEEP_WAIT_S = 3.0
PURPOSES: dict[StepId, Purpose] = {"hotspot": "hotspot", "threshold": "threshold", "mep": "assessment"}


def purpose_of(state: Visit) -> Purpose | None:
    """What single pulses are for in the present step."""
    return PURPOSES.get(state.step) if state.step is not None else None


def next_pct(state: Visit) -> int:
    """The proposed intensity (%MSO) of the next single pulse; raises `Refusal` before a hunt was started."""
    if purpose_of(state) == "hotspot":
        return hotspot.standing(state).pct_mso
    if purpose_of(state) == "assessment":
        return potentials.locked(state).pct_mso
    standing = hunt.standing(state)
    if standing is None:
        raise Refusal("no hunt was started", "begin the threshold step")
    return standing.next_pct_mso


def jitter(state: Visit, pulse: int) -> float:
    """A share between -1 and 1, the same whenever this visit's pulse is asked about."""
    visit = state.opened.visit if state.opened is not None else ""
    return zlib.crc32(f"{visit}:{pulse}".encode()) / 0x7FFFFFFF - 1.0


def ready_in_s(state: Visit, now: Now, *, paced: bool) -> float:
    """Seconds until the next single pulse may be given: the study's jittered interval, or the least allowed one."""
    if not state.singles:
        return 0.0
    config, last = state.setup.study.hunt, state.singles[-1]
    wait_s = state.setup.limits.min_isi_s
    if paced:
        wait_s = max(wait_s, config.isi_s * (1.0 + config.jitter_pct / 100.0 * jitter(state, last.pulse)))
    passed_s = (now.mono_ns - last.asked_ns) / NS
    return max(0.0, wait_s - passed_s) if passed_s >= 0 else wait_s


def rest_problem(state: Visit, now: Now) -> str | None:
    """Why the target muscle is not at rest."""
    target = target_channel(state)
    rms_uv = state.live.emg.rest_rms_uv.get(target) if state.live.emg is not None and target is not None else None
    if rms_uv is None:
        return "the target muscle's EMG is not known"
    limit_uv = state.setup.study.hunt.rest_limit_uv
    return None if rms_uv <= limit_uv else f"muscle active: {rms_uv:.0f} uV at rest, at most {limit_uv:g}"


def fire(state: Visit, now: Now, *, paced: bool = False) -> tuple[Event, ...]:
    """The first link of the chain to one single pulse; raises `Refusal` while none may be given."""
    purpose = purpose_of(state)
    if purpose is None:
        raise Refusal("single pulses are given while hotspot, threshold and potentials are sought", "")
    if purpose == "assessment" and (done := potentials.finished(state)) is not None:
        raise Refusal(done, "go on")
    if state.chain is not None or state.pending is not None:
        raise Refusal("a pulse is under way", "wait for it")
    if state.singles and state.singles[-1].awaits_sweep:
        raise Refusal("the last response is being measured", "wait a moment")
    if purpose == "hotspot" and state.placed is None:
        raise Refusal("the coil has no site yet", "hold the coil over the proposed site and confirm it")
    interlocks.demand(state, now, purpose)
    wait_s = ready_in_s(state, now, paced=paced)
    if wait_s > 0:
        raise Refusal(f"next pulse in {wait_s:.0f} s", "wait")
    restless = rest_problem(state, now)
    if restless is not None:
        raise Refusal(restless, "ask the patient to relax the leg")
    return _next_link(state, purpose)


def _next_link(state: Visit, purpose: Purpose) -> tuple[Event, ...]:
    pct = next_pct(state)
    if state.asked_pct_mso != pct or not state.armed:
        return (AmplitudeIntended(amplitude_pct_mso=pct, purpose=purpose),)
    return (_pulse(state, purpose, pct),)


def _pulse(state: Visit, purpose: Purpose, pct: int) -> PulseIntended:
    site: CoilPlaced | HotspotChosen | None = state.placed if purpose == "hotspot" else state.hotspot
    if site is None:
        raise Refusal("the coil has no site", "confirm the site")
    return PulseIntended(
        pulse=len(state.singles) + 1,
        purpose=purpose,
        amplitude_pct_mso=pct,
        site=site.site,
        x_cm=site.x_cm,
        y_cm=site.y_cm,
    )


def go_on(state: Visit, now: Now, purpose: Purpose) -> tuple[Event, ...]:
    """The next link after a confirmed one, or off when a condition broke meanwhile."""
    stage = state.chain.stage if state.chain is not None else None
    settled = replace(state, chain=None)
    if purpose_of(state) != purpose:
        return (OffIntended(reason="the step changed before the pulse"),)
    try:
        interlocks.demand(settled, now, purpose)
        if stage == "amplitude" and not state.armed:
            return (ArmIntended(purpose=purpose),)
        return (_pulse(state, purpose, state.asked_pct_mso or 0),)
    except Refusal as refusal:
        return (OffIntended(reason=refusal.reason),)


def set_pacing(state: Visit, now: Now, automatic: bool) -> tuple[Event, ...]:
    """Turn automatic pulses on or off; raises `Refusal` when none could be given."""
    if not automatic:
        return (PacingSet(automatic=False, reason="asked for"),) if state.pacing else ()
    purpose = purpose_of(state)
    if purpose is None:
        raise Refusal("automatic pulses belong to hotspot, threshold and potentials", "")
    if purpose == "hotspot" and state.placed is None:
        raise Refusal("the coil has no site yet", "hold the coil over the proposed site and confirm it")
    done = finished(state)
    if done is not None:
        raise Refusal(done, "go on")
    interlocks.demand(state, now, purpose)
    return () if state.pacing else (PacingSet(automatic=True),)


def finished(state: Visit) -> str | None:
    """Why automatic pulses have nothing left to do here: the site or the hunt is done."""
    if purpose_of(state) == "hotspot":
        standing = hotspot.standing(state)
        nearest = standing.search.next_site
        if standing.search.done or standing.exhausted:
            return standing.search.reason
        if nearest is not None and state.placed is not None and nearest.id != state.placed.site:
            return f"site {state.placed.site} is done: move the coil to {nearest.id}"
        return None
    if purpose_of(state) == "assessment":
        return potentials.finished(state)
    standing_hunt = hunt.standing(state)
    return standing_hunt.estimate.reason if standing_hunt is not None and standing_hunt.done else None


def pace(state: Visit, now: Now) -> tuple[Event, ...]:
    """With automatic pulses on: the next one when it is due, or the end of them."""
    if not state.pacing or state.chain is not None or state.pending is not None:
        return ()
    if state.singles and state.singles[-1].awaits_sweep:
        return ()
    done = finished(state)
    if done is not None:
        return (PacingSet(automatic=False, reason=done),)
    try:
        return fire(state, now, paced=True)
    except Refusal:
        return ()


def overdue_sweep(state: Visit, now: Now) -> tuple[Event, ...]:
    """A response that nobody measured in time is missing, so that the hunt can go on."""
    if not state.singles or not state.singles[-1].awaits_sweep:
        return ()
    last = state.singles[-1]
    if (now.mono_ns - last.asked_ns) / NS < SWEEP_WAIT_S * state.setup.speed:
        return ()
    return (ResponseMissing(pulse=last.pulse, reason="no sweep was measured"),)


def place(state: Visit, name: str) -> tuple[Event, ...]:
    """The coil is held over a site of the grid; raises `Refusal` for another step or site, and during a pulse."""
    if state.step != "hotspot":
        raise Refusal("sites are chosen while the hotspot is sought", "open the hotspot step")
    if state.chain is not None or state.pending is not None:
        raise Refusal("a pulse is under way", "move the coil after it")
    site = hotspot.site_of(state, name)
    if site is None:
        raise Refusal(f"the grid has no site {name}", "choose a site of the grid")
    return (CoilPlaced(site=site.id, x_cm=site.x_cm, y_cm=site.y_cm),)


def choose(state: Visit, name: str | None) -> tuple[Event, ...]:
    """Take a site as the hotspot: the proposed one, or by a person's choice another that was tried.

    Raises `Refusal` for another step, an unfinished search without a choice, and a site without an accepted pulse.
    """
    if state.step != "hotspot":
        raise Refusal("the hotspot is chosen in its own step", "open the hotspot step")
    standing = hotspot.standing(state)
    best = standing.search.best
    if name is None and (best is None or not standing.search.done):
        raise Refusal(standing.search.reason, "give the pulses that are still to be given, or choose a site yourself")
    wanted = name if name is not None else best.id if best is not None else ""
    score = next((score for score in standing.search.scores if score.site.id == wanted), None)
    if score is None or not score.stimuli:
        raise Refusal(f"no accepted pulse was given at site {wanted}", "give pulses there first")
    by_rule = best is not None and best.id == wanted and standing.search.done
    reason = standing.search.reason if by_rule else f"chosen by hand; the search said: {standing.search.reason}"
    site = score.site
    chosen = HotspotChosen(site=site.id, x_cm=site.x_cm, y_cm=site.y_cm, mean_uv=round(score.mean_uv, 1), reason=reason)
    return (*stand_down(state, "the hotspot is chosen"), chosen)


def start_hunt(state: Visit, rule: str | None = None, reason: str = "") -> HuntStarted:
    """The beginning of a hunt; it starts at the intensity that found the hotspot."""
    name = rule or state.setup.study.hunt.default_rule
    hunt.rule_named(state, name)
    return HuntStarted(rule=name, start_pct_mso=float(hotspot.standing(state).pct_mso), reason=reason)


def accept(state: Visit) -> tuple[Event, ...]:
    """Take the hunt's estimate as this visit's threshold; raises `Refusal` while there is none or a pulse is given."""
    if state.step != "threshold":
        raise Refusal("the threshold is taken in its own step", "open the threshold step")
    if state.pending is not None or state.chain is not None:
        raise Refusal("a pulse is under way", "wait for it")
    threshold: ThresholdFound = hunt.found(state)
    return (*stand_down(state, "the threshold is found"), threshold)


def judge(state: Visit, pulse: int, accept_it: bool, reason: str) -> tuple[Event, ...]:
    """A person's verdict on a response; a void trial stays void.

    Raises `Refusal` without a response, for a void one to be accepted, and for a rejection without a reason.
    """
    single = next((single for single in state.singles if single.pulse == pulse), None)
    if single is None or single.response is None:
        raise Refusal(f"pulse {pulse} has no response to judge", "choose a measured pulse")
    if accept_it and not single.response.valid:
        raise Refusal(f"pulse {pulse} is void: {single.response.reason}", "give another pulse")
    if not accept_it and not reason:
        raise Refusal("a rejection needs a reason", "say why")
    if purpose_of(state) != single.purpose:
        raise Refusal(f"the {single.purpose} step is closed", "open it again to judge its pulses")
    if single.purpose == "assessment" and potentials.closed(state) is not None:
        raise Refusal("the evoked potentials are finished, with this response as it was judged", "write a note")
    return (PulseJudged(pulse=pulse, accepted=accept_it, reason=reason),)


def stand_down(state: Visit, reason: str) -> tuple[Event, ...]:
    """Off, when anything is armed or about to be."""
    return (OffIntended(reason=reason),) if state.armed or state.chain is not None else ()


def idle(state: Visit, now: Now) -> tuple[Event, ...]:
    """An armed stimulator that nobody uses is switched off."""
    if not state.armed or state.chain is not None or state.course.running or state.pending is not None:
        return ()
    used_ns = state.singles[-1].asked_ns if state.singles else now.mono_ns
    limit_s = state.setup.limits.idle_off_s
    if (now.mono_ns - used_ns) / NS <= limit_s:
        return ()
    return (OffIntended(reason=f"armed and not used for {limit_s:g} s", keeps_current=True),)
