"""A simulated Magstim without its wire: bytes and time in; replies and pulses out. No I/O, no clock of its own."""

from collections.abc import Callable
from functools import partial

from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator.magstim_engine import MagstimEngine
from hal.sim.stimulator.magstim_state import MagstimState
from hal.sim.stimulator.magstim_wire import NOT_UNDERSTOOD, Request, RequestReader, data_lengths, signed

BYTE_S = 10 / 9600
"""A character at 9600 baud, 8N1."""
THINKING_S = 0.006
"""From a request's end to the reply's begin; with the characters a fire takes 10 ms, as a user measured."""
QUIET_S = 0.05
FREE = {"Q", "R", "N", "J", "F", "\\", "I", "X", "x", "o"}
"""Letters that are answered without remote control, and `EA`."""

Answer = bytes | None


class MagstimCore(MagstimEngine):
    """One stimulator. Call `receive` with what came, then `advance`; replies to send gather in `outbox`.

    `unlock_code` "" where the software wants none. `per_s` scales what happens on the wire (characters, the pause that
    ends remote control) to simulated seconds, so that a world that runs faster keeps a wire of real speed; `wire` makes
    characters and thinking so many times as long. `refused` counts requests answered with a refusal; `requests` has
    time, letter and data of each.
    """

    def __init__(
        self,
        name: str,
        *,
        faults: Faults,
        on_pulse: Callable[[float, float], None],
        state: MagstimState,
        unlock_code: str = "",
        heat: CoilHeat | None = None,
        per_s: float = 1.0,
        wire: float = 1.0,
    ) -> None:
        super().__init__(name, faults=faults, on_pulse=on_pulse, state=state, heat=heat, lapse_s=1.0 * per_s)
        self.outbox: list[bytes] = []
        self.requests: list[tuple[float, str, str]] = []
        self.refused = 0
        self._code = unlock_code
        self._reader = RequestReader(data_lengths(state.model, state.major), unlock_code)
        self._per_s = per_s
        self._wire_s = wire * per_s
        self._busy_until_s = 0.0
        self._heard_bytes_s = 0.0

    def take_output(self) -> list[bytes]:
        """The replies to send, in order; forgotten here."""
        replies, self.outbox = self.outbox, []
        return replies

    def receive(self, data: bytes, now_s: float) -> None:
        """Bytes from the wire."""
        self._heard_bytes_s = now_s
        self._plan(self._reader.take(data), now_s)
        if self._reader.waiting:
            self.schedule(now_s + QUIET_S * self._per_s, self._quiet)

    def _quiet(self, at_s: float) -> None:
        if at_s - self._heard_bytes_s >= QUIET_S * self._per_s * 0.99:
            self._plan(self._reader.quiet(), at_s)

    def _plan(self, requests: list[Request], now_s: float) -> None:
        for request in requests:
            characters = 2 + len(request.data or "") + 3
            takes_s = (characters * BYTE_S + THINKING_S) * self._wire_s
            self._busy_until_s = max(self._busy_until_s, now_s) + takes_s
            self.schedule(self._busy_until_s, partial(self._execute, request))

    def _execute(self, request: Request, at_s: float) -> None:
        self.requests.append((at_s, request.letter, request.data or ""))
        if request.data is None:
            self.refused += 1
            self.outbox.append(NOT_UNDERSTOOD)
            return
        self.heard(at_s)
        letter, data = request.letter, request.data
        allowed = self.state.remote or letter in FREE or (letter, data) == ("E", "A")
        verdict = self._act(letter, data, at_s) if allowed else "S"
        if verdict:
            self.refused += 1
            self.outbox.append(signed(letter.encode() + verdict.encode()))
        else:
            self.outbox.append(self._reply(letter, at_s))

    # what requests do: "" done, "?" for data it does not take, "S" for a conflict

    def _act(self, letter: str, data: str, at_s: float) -> str:
        setters = {"@": self._power, "A": self._power_b, "C": self._interval, "B": self._frequency}
        setters |= {"D": self._pulses, "[": self._duration}
        if letter in setters:
            return setters[letter](int(data), at_s) if data.isdigit() else "?"
        acts = {"Q": self._control, "E": self._charge_or_fire, "R": self._let_go, "b": self._nothing}
        return acts.get(letter, self._nothing)(data, at_s)

    def _nothing(self, _data: str, _at_s: float) -> str:
        return ""

    def _control(self, data: str, _at_s: float) -> str:
        if data != (self._code or "@"):
            return "?"
        self.state.remote = True
        return ""

    def _let_go(self, _data: str, at_s: float) -> str:
        if not (self.state.armed and self.strike("ignore_off", at_s)):
            self.release_remote()
        return ""

    def _charge_or_fire(self, data: str, at_s: float) -> str:
        if data == "A":
            if not (self.state.armed and self.strike("ignore_off", at_s)):
                self.disarm()
            return ""
        if data == "B":
            if not self.may_arm(at_s):
                return "S"
            self.arm(at_s)
            return ""
        if data == "H":
            return "" if self.fire(at_s) else "S"
        return "?"

    def _power(self, value: int, at_s: float) -> str:
        if value > 100:
            return "?"
        if self.state.train or self.state.waiting:
            return "S"
        self.set_power(value, at_s)
        return ""

    def _power_b(self, value: int, _at_s: float) -> str:
        if value > 100:
            return "?"
        self.state.power_b_pct = value
        return ""

    def _interval(self, value: int, _at_s: float) -> str:
        self.state.interval = value
        return ""

    def _frequency(self, value: int, _at_s: float) -> str:
        if not 1 <= value <= 1000:
            return "?"
        if self.state.train or self.state.waiting:
            return "S"
        self.state.frequency_tenth_hz = value
        return ""

    def _pulses(self, value: int, _at_s: float) -> str:
        if not 1 <= value <= (6000 if self.state.major >= 9 else 1000):
            return "?"
        if self.state.train or self.state.waiting:
            return "S"
        self.state.pulses = value
        return ""

    def _duration(self, value: int, _at_s: float) -> str:
        if self.state.train or self.state.waiting:
            return "S"
        self.state.duration_tenth_s = value
        return ""

    # what it answers

    def _reply(self, letter: str, at_s: float) -> bytes:
        state = self.state
        if letter == "N":
            return signed(b"N" + state.version.encode() + b"\0")
        body = letter.encode() + bytes([state.instrument])
        if letter in ("B", "D", "[", "\\", "x", "^", "_", "n"):
            body += bytes([state.rapid])
        return signed(body + self._details(letter, at_s))

    def _details(self, letter: str, at_s: float) -> bytes:
        state = self.state
        if letter == "J":
            return b"%03d%03d%03d" % (state.power_pct, state.power_b_pct, state.interval)
        if letter == "F":
            warm = self.heat.temperature_c(at_s)
            return b"%03d%03d" % (round(warm * 10), round((warm - 0.4) * 10))
        if letter == "\\":
            return self._settings()
        if letter == "x":
            return bytes([0, 0])
        if letter == "X":
            return state.mode.encode()
        if letter == "I":
            return (state.error or "E00").encode()
        if letter == "o":
            return b"00000" if state.major >= 10 else b"0000"
        return b""

    def _settings(self) -> bytes:
        state = self.state
        rate_hz = state.frequency_tenth_hz / 10
        pulses_in = state.power_pct, state.frequency_tenth_hz, state.pulses, state.duration_tenth_s
        excess = rate_hz * 0.0252 * state.power_pct**2 - 1050
        wait = round(10 * max(0.5, state.pulses * excess / (1050 * rate_hz)))
        if state.major >= 9:
            return b"%03d%04d%05d%04d%04d" % (*pulses_in, min(wait, 9999))
        if state.major >= 7:
            return b"%03d%04d%04d%03d%04d" % (*pulses_in, min(wait, 9999))
        return b"%03d%04d%04d%03d%03d" % (*pulses_in, min(wait, 999))
