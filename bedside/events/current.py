"""The electrical stimulator's direct current."""

from typing import Literal

from bedside.events.base import UNBLINDED, Event


class CurrentSaid(Event, frozen=True, kw_only=True, tag="current.said"):
    """The electrical stimulator's account, when its phase or fault changed; phase "unknown" while it is not heard.

    mA, kOhm, percent, C; None: not told. Whoever is blinded must not see it: a sham shows in it.
    """

    visible_to = UNBLINDED
    phase: Literal["idle", "prepared", "ramp_up", "plateau", "ramp_down", "triggers_only", "fault", "unknown"]
    measured_ma: float | None = None
    impedance_kohm: float | None = None
    battery_pct: float | None = None
    charge_c: float | None = None
    triggers: int | None = None
    elapsed_s: float | None = None
    fault: str = ""


class CurrentIntended(Event, frozen=True, kw_only=True, tag="current.intended"):
    """About to load the arm's direct current program into the device, to start it, or to have it ramp down.

    mA, s, ms. `shown_s` is how long a blinded person sees it run; `plateau_s` and `sham` tell the arm.
    """

    visible_to = UNBLINDED
    action: Literal["prepare", "start", "stop"]
    preset: str = ""
    sham: bool = False
    current_ma: float = 0.0
    plateau_s: float = 0.0
    ramp_s: float = 0.0
    trigger_bursts: int = 0
    burst_pulses: int = 3
    inter_pulse_ms: int = 20
    inter_burst_ms: int = 200
    bursts_per_train: int = 10
    train_period_ms: int = 10_000
    shown_s: float = 0.0
    reason: str = ""


class CurrentStarted(Event, frozen=True, kw_only=True, tag="current.started"):
    """The electrical stimulator reports the program that was started; nothing in it tells the arm."""


class CurrentFailed(Event, frozen=True, kw_only=True, tag="current.failed"):
    """An intended action of the electrical stimulator was not carried out or not confirmed."""

    visible_to = UNBLINDED
    action: Literal["prepare", "start", "stop"]
    error: str
    remedy: str


class CurrentEnded(Event, frozen=True, kw_only=True, tag="current.ended"):
    """No current flows any more, by the device's account. C, mA, kOhm; charges are what the device measured.

    `planned_c` includes both ramps. `unplaced_c` flowed while nobody listened. `charge_told` False: the device tells
    no charge, and the zeros mean nothing. `cause` "short": it ended early and nobody knows why.
    """

    visible_to = UNBLINDED
    cause: Literal["complete", "stopped", "fault", "short"]
    reason: str
    planned_c: float
    given_c: float
    plateau_c: float
    ramps_c: float
    unplaced_c: float = 0.0
    charge_told: bool = True
    highest_ma: float = 0.0
    lowest_kohm: float | None = None
    highest_kohm: float | None = None
    triggers: int = 0
