"""Trains whose pulses no device counts: how many are certain by the clock, and how many more cannot be excluded.

A Magstim says that a train runs and nothing of its pulses; of a stimulator worked by hand there is only the operator's
word. A train that ran its length has given all of it. One that was stopped has given what was due while it is known
to have run; what was due between the last moment at which it ran and the first at which it did not is uncertain.
"""

from bedside.events import PulsesReconciled, PulsesUncertain
from bedside.visit import stimulator
from bedside.visit.evolve_course import LINK_CAUSES
from bedside.visit.inputs import NS
from bedside.visit.state import TrainRun, Visit


def applies(state: Visit) -> TrainRun | None:
    """The present train, where no device counts its pulses; triggers that are told one by one need no clock."""
    train, device, status = state.course.train, state.setup.devices.get("stimulator"), state.live.status
    if device is None or device.counts_pulses or (status is not None and status.source == "trigger"):
        return None
    return train


def whole(state: Visit) -> tuple[PulsesReconciled, ...]:
    """The pulses of a train that ended by itself: by its start and the clock, and said so."""
    train = applies(state)
    if train is None or state.train_running_ns < train.asked_ns:
        return ()
    stopped_ns = stimulator.stopped_ns(state)
    return _certain(
        state, train, _due(train, state.train_running_ns, state.live.now_ns if stopped_ns is None else stopped_ns)
    )


def stopped(state: Visit) -> tuple[PulsesReconciled | PulsesUncertain, ...]:
    """The pulses of a train that is seen to be off now: certain ones, then those that cannot be excluded."""
    train = applies(state)
    if train is None:
        return ()
    least, more = by_now(state)
    certain = _certain(state, train, train.reported + least)
    if not more:
        return certain
    reason = "nobody counted the pulses of a train around its stop"
    return (*certain, PulsesUncertain(at_most=more, purpose="treatment", reason=reason))


def before_loss(state: Visit, cause: str) -> tuple[PulsesReconciled, ...]:
    """Where the stimulator was lost: what is certain until its last word; the doubt begins only there."""
    train = applies(state)
    if train is None or train.pattern is not None or cause not in LINK_CAUSES:
        return ()
    return _certain(state, train, train.reported + by_now(state)[0])


def by_now(state: Visit) -> tuple[int, int]:
    """Pulses of the present train that no report covers, if it is off by now: certain ones, and how many more at most.

    Both 0 where a device counts them.
    """
    train = applies(state)
    if train is None:
        return 0, 0
    begun_ns = state.train_running_ns
    least = _due(train, begun_ns, _ran_until(state, train)) if begun_ns >= train.asked_ns else 0
    most = _due(train, _earliest(state, train), _still_from(state, train))
    least = max(least, train.reported)
    return least - train.reported, max(0, most - least)


def _certain(state: Visit, train: TrainRun, due: int) -> tuple[PulsesReconciled, ...]:
    device = state.setup.devices["stimulator"]
    begun = "the stimulator's own word that the train ran" if device.telemetry else "the operator's start"
    evidence = f"worked out from {begun} and the clock; no device counted these pulses"
    count = due - train.reported
    return (PulsesReconciled(count=count, purpose="treatment", evidence=evidence),) if count > 0 else ()


def _due(train: TrainRun, begun_ns: int | None, until_ns: int) -> int:
    return 0 if begun_ns is None or until_ns < begun_ns else train.due_by((until_ns - begun_ns) / NS)


def _telemetry(state: Visit) -> bool:
    return state.setup.devices["stimulator"].telemetry


def _earliest(state: Visit, train: TrainRun) -> int | None:
    """Before this no pulse of the train can have been given; None where nobody was asked to start it."""
    if _telemetry(state):
        return train.asked_ns
    asked_ns = state.live.start_asked_ns
    return asked_ns if asked_ns >= train.asked_ns else None


def _ran_until(state: Visit, train: TrainRun) -> int:
    """Until then it is known to have run: by its own last word, or until the operator was asked to stop it."""
    if _telemetry(state):
        return max(state.live.ran_ns, state.train_running_ns)
    return state.live.now_ns if train.off_ns is None else train.off_ns


def _still_from(state: Visit, train: TrainRun) -> int:
    """From then on it gave no pulse: its own word, which between two trains of a pattern means nothing, or now."""
    still_ns = state.live.still_ns
    said = _telemetry(state) and train.pattern is None and still_ns >= state.train_running_ns >= train.asked_ns
    return still_ns if said else state.live.now_ns
