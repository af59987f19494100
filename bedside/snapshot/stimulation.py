"""Hotspot and threshold, the running stimulation, direct current, and what stands in its way."""

from typing import Literal

import msgspec

RunWord = Literal["OFF", "READY", "STIMULATING", "PAUSED", "STOPPING", "UNKNOWN", "ENDED"]


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One site of the hotspot grid; cm from the vertex."""

    id: str
    x_cm: float
    y_cm: float
    pulses: int
    mean_uv: float | None
    state: Literal["open", "now", "done", "best", "chosen"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One single pulse and what came of it."""

    pulse: int
    purpose: Literal["hotspot", "threshold", "assessment"]
    site: str
    amplitude_pct_mso: int
    response_uv: float | None
    latency_ms: float | None
    rest_rms_uv: float | None
    verdict: Literal["response", "none", "void", "pending", "failed"]
    reason: str = ""
    rejected: bool = False
    borderline: bool = False


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """Hotspot search or threshold hunt, as far as it is."""

    muscle: str
    others: tuple[str, ...]
    side: str
    criterion: str
    sites: tuple[Site, ...] = ()
    trials: tuple[Trial, ...] = ()
    site: str | None = None
    next_pct_mso: int | None = None
    next_reason: str = ""
    rmt_pct_mso: float | None = None
    low_pct_mso: float | None = None
    high_pct_mso: float | None = None
    done: bool = False
    rule: str = ""
    pacing: bool = False
    ready_in_s: float = 0.0
    rest_rms_uv: float | None = None
    rest_ok: bool | None = None


class Interlock(msgspec.Struct, frozen=True, kw_only=True):
    """One condition for stimulation, whether it holds, and what to do if not."""

    id: str
    text: str
    holds: bool
    remedy: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The treatment. What was asked and what was reported stand side by side; None is "not known".

    Defaults are left out of the JSON, so that a blinded client's line does not even hold the word for its arm.
    """

    word: RunWord
    reason: str
    preset: str = ""
    planned: int = 0
    delivered: int = 0
    uncertain: int = 0
    sham: bool | None = None
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    walk_s: float = 0.0
    durations: str = ""
    asked_pct_mso: int | None = None
    reported_pct_mso: int | None = None
    pct_rmt: float | None = None
    rmt_pct_mso: float | None = None
    di_dt_a_us: int | None = None
    enabled: bool | None = None
    temperature_c: float | None = None
    minutes_to_limit: float | None = None
    contact_due_s: float | None = None
    contact_left_s: float | None = None
    pause_left_s: float | None = None
    interlocks: tuple[Interlock, ...] = ()


class Current(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Direct current: mA, s, kOhm, percent, mA/cm2, C, C/cm2; None is "not known".

    A blinded client gets `words` and the two clocks alone, and they follow from the time since the start: defaults are
    left out of the JSON. `plateau_c`, `density_ma_cm2` and `charge_density_c_cm2` are planned, `given_c` measured.
    """

    words: str
    label: str = "tsDCS"
    phase: str = ""
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    asked_ma: float | None = None
    measured_ma: float | None = None
    impedance_kohm: float | None = None
    battery_pct: float | None = None
    density_ma_cm2: float | None = None
    plateau_s: float | None = None
    plateau_c: float | None = None
    charge_density_c_cm2: float | None = None
    given_c: float | None = None
    fault: str = ""
    age_s: float | None = None
