"""One patient behind all devices: what a pulse evokes, and what the electrodes show at any moment."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import takewhile

import numpy as np

from hal.sim.patient.background import Bank, Contraction, cut, hum_uv, noise_bank
from hal.sim.patient.coil import CoilPlacement
from hal.sim.patient.effort import LegPhases, level_uv
from hal.sim.patient.muscles import Muscle, draw_muscles
from hal.sim.patient.recorded import RecordedSweeps
from hal.sim.patient.waveform import GRID_MS, Array

KEEP_S = 3600.0
RESPONSE_MS = 150.0
ACTIVE_UV = 15.0
"""Background (uV rms) from which a muscle counts as contracting: its threshold falls and its response comes earlier."""
ACTIVE_GAIN = 0.88
ACTIVE_EARLIER_MS = 1.5
HUM_UV = 1.0
BODY_MASS_KG = (74.0, 12.0)
"""Mean and standard deviation of the population's body mass."""


@dataclass(frozen=True, slots=True)
class Evoked:
    """What one pulse puts on one channel: from when (ms after it), how large (uV), in which shape; artefact's share."""

    onset_ms: float
    amplitude_uv: float
    shape: Array
    artefact_share: float


@dataclass(frozen=True, slots=True)
class Response:
    """One pulse at `at_s` simulated seconds, and what it evoked on every channel."""

    at_s: float
    channels: tuple[Evoked, ...]


class Patient:
    """Drawn from the population by `seed`; all randomness is its own, so the same pulses evoke the same responses.

    With `recorded`, shapes, latencies and resting noise come from recordings where these have the muscle.
    `body_mass_kg` is what stands on plates; `phases` tells where the legs are when they move.
    """

    def __init__(
        self,
        seed: int,
        *,
        phases: Callable[[Array], LegPhases | None] | None = None,
        recorded: RecordedSweeps | None = None,
    ) -> None:
        drawn, trials, noise, body = np.random.SeedSequence(seed).spawn(4)
        self.body_mass_kg = float(np.clip(np.random.default_rng(body).normal(*BODY_MASS_KG), 45.0, 115.0))
        self.muscles: tuple[Muscle, ...] = draw_muscles(np.random.default_rng(drawn))
        self.coil = CoilPlacement()
        self._trials = np.random.default_rng(trials)
        self._noise_seed = noise
        self._phases = phases
        self._recorded = recorded
        self._contractions: deque[Contraction] = deque()
        self._responses: deque[Response] = deque()
        self._bank = lru_cache(maxsize=8)(self._make_bank)

    @property
    def names(self) -> tuple[str, ...]:
        """Channel names in the order of the columns."""
        return tuple(muscle.name for muscle in self.muscles)

    def column(self, name: str) -> int:
        """Column of a channel; raises ValueError naming the valid ones."""
        if name not in self.names:
            raise ValueError(f"no channel {name!r}; valid: {', '.join(self.names)}")
        return self.names.index(name)

    def threshold_pct_mso(self, name: str, criterion_uv: float = 50.0, *, here: bool = False) -> float:
        """True resting threshold (%MSO) of a channel's muscle: at its hotspot, or `here` where the coil is held.

        Infinite when the coil does not act on it.
        """
        muscle = self.muscles[self.column(name)]
        efficiency = self.coil.efficiency(muscle.hotspot_cm) if here else 1.0
        return muscle.recruitment.threshold_pct_mso(criterion_uv) / efficiency if efficiency else float("inf")

    def shift_threshold(self, percent: float) -> None:
        """Raise (or lower) every threshold from now on."""
        self.muscles = tuple(
            replace(muscle, recruitment=muscle.recruitment.scaled(1 + percent / 100)) for muscle in self.muscles
        )

    def contract(self, start_s: float, seconds: float, rms_uv: float, names: tuple[str, ...] = ()) -> None:
        """A voluntary contraction of the named channels, all of them by default."""
        columns = tuple(self.column(name) for name in names or self.names)
        self._contractions.append(Contraction(start_s, start_s + seconds, rms_uv, columns))

    def relax(self, now_s: float) -> None:
        """End every contraction now."""
        self._contractions = deque(replace(c, end_s=min(c.end_s, now_s)) for c in self._contractions)

    def stimulate(self, at_s: float, intensity_pct_mso: float) -> Response:
        """One pulse through the coil where it is held; later renderings show what it evoked."""
        level_uv = self._level_uv(np.array([at_s]))[0]
        channels = tuple(
            self._evoke(muscle, intensity_pct_mso, float(level))
            for muscle, level in zip(self.muscles, level_uv, strict=True)
        )
        response = Response(at_s, channels)
        self._responses.append(response)
        while self._responses[0].at_s < at_s - KEEP_S:
            self._responses.popleft()
        return response

    def pulses_s(self, after_s: float) -> tuple[float, ...]:
        """When pulses were given later than `after_s`, newest first (simulated s)."""
        return tuple(response.at_s for response in takewhile(lambda r: r.at_s > after_s, reversed(self._responses)))

    def render_uv(
        self, first_s: float, count: int, rate_hz: float, *, first_index: int = 0, hum_rms_uv: float = HUM_UV
    ) -> Bank:
        """What the electrodes show from `first_s` on, float32 (count, 8) in uV; `first_index` places the noise."""
        t_s = first_s + np.arange(count) / rate_hz
        samples = cut(self._bank(rate_hz), first_index, count) * self._level_uv(t_s)
        samples += np.float32(hum_rms_uv) * hum_uv(
            first_s, count, rate_hz, np.array([m.hum_phase for m in self.muscles])
        )
        for response in reversed(self._responses):
            if response.at_s < first_s - (RESPONSE_MS + 1000 / rate_hz) / 1000:
                break
            if response.at_s <= first_s + count / rate_hz:
                self._add_response(samples, response, first_s, rate_hz)
        return samples

    def _evoke(self, muscle: Muscle, intensity_pct_mso: float, level_uv: float) -> Evoked:
        active = level_uv > ACTIVE_UV
        effective = intensity_pct_mso * self.coil.efficiency(muscle.hotspot_cm) / (ACTIVE_GAIN if active else 1.0)
        evoked_uv, resting_uv = (float(v) for v in muscle.recruitment.draw(effective, self._trials))
        jitter_ms = self._trials.normal(0.0, 0.4)
        earlier_ms = ACTIVE_EARLIER_MS if active else 0.0
        played = self._recorded.shape(muscle.name) if self._recorded else None
        return Evoked(
            onset_ms=(played.start_ms if played else muscle.latency_ms + jitter_ms) - earlier_ms,
            amplitude_uv=response_uv(evoked_uv, resting_uv, muscle.recruitment.noise_uv),
            shape=played.wave if played else muscle.shape,
            artefact_share=intensity_pct_mso / 100 if self.coil.contact else 0.02,
        )

    def _level_uv(self, t_s: Array) -> Bank:
        power = np.array([[m.rest_uv for m in self.muscles]]) ** 2
        for contraction in self._contractions:
            if contraction.start_s < t_s[-1] + 1 and contraction.end_s > t_s[0]:
                power = power + contraction.level_uv(t_s, len(self.muscles)) ** 2
        phases = self._phases(t_s) if self._phases else None
        if phases is not None:
            power = power + level_uv(self.muscles, phases) ** 2
        return np.broadcast_to(np.sqrt(power).astype(np.float32), (t_s.size, len(self.muscles)))

    def _make_bank(self, rate_hz: float) -> Bank:
        bank = noise_bank(np.random.default_rng(self._noise_seed), rate_hz, len(self.muscles))
        for column, name in enumerate(self.names):
            rest = self._recorded.rest(name, rate_hz) if self._recorded else None
            if rest is not None:
                bank[:, column] = np.resize(rest, len(bank))
        return bank

    def _add_response(self, samples: Bank, response: Response, first_s: float, rate_hz: float) -> None:
        # The pulse takes effect at the first sample at or after it: that sample carries the trigger too.
        start = int(np.ceil(round((response.at_s - first_s) * rate_hz, 6)))
        span = int(RESPONSE_MS * rate_hz / 1000)
        low = max(0, start)
        high = max(low, min(len(samples), start + span))
        t_ms = (np.arange(low, high) - start) * 1000 / rate_hz
        for column, (evoked, muscle) in enumerate(zip(response.channels, self.muscles, strict=True)):
            place = (t_ms - evoked.onset_ms) / GRID_MS
            wave = np.interp(place, np.arange(evoked.shape.size), evoked.shape, left=0.0, right=0.0)
            total = evoked.amplitude_uv * wave + evoked.artefact_share * muscle.artefact.at(t_ms)
            samples[low:high, column] += total.astype(np.float32)


def response_uv(evoked_uv: float, resting_uv: float, noise_uv: float) -> float:
    """Amplitude of the noise-free response (uV) that, on top of resting EMG, measures as the model's evoked + resting.

    Resting noise of peak-to-peak `noise_uv` is on the electrode anyway and adds to a response by power, not by sum.
    """
    return float(np.sqrt(max((evoked_uv + resting_uv) ** 2 - noise_uv**2, 0.0)))
