"""The simulated Magstims, byte by byte and second by second."""

import pytest

from hal.sim.faults import Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator.magstim_core import MagstimCore
from hal.sim.stimulator.magstim_state import MagstimState
from hal.sim.stimulator.magstim_wire import signed

CODE = "7c1f-40b2d9aa-63"


class Bench:
    """A core whose time is stepped by hand."""

    def __init__(self, state: MagstimState, code: str = "", heat: CoilHeat | None = None) -> None:
        self.faults = Faults()
        self.pulses: list[tuple[float, float]] = []
        self.core = MagstimCore(
            "magstim",
            faults=self.faults,
            on_pulse=lambda at_s, pct: self.pulses.append((at_s, pct)),
            state=state,
            unlock_code=code,
            heat=heat,
        )
        self.now_s = 0.0

    def say(self, data: bytes, after_s: float = 0.0) -> bytes:
        """Wait, send, and give the device 0.1 s to answer."""
        self.wait(after_s)
        self.core.receive(data, self.now_s)
        self.now_s += 0.1
        self.core.advance(self.now_s)
        return b"".join(self.core.take_output())

    def wait(self, seconds: float, alive: bytes = b"") -> None:
        """Let time pass; with `alive` the same request every 0.4 s, its replies thrown away."""
        end_s = self.now_s + seconds
        while alive and self.now_s + 0.4 < end_s:
            self.now_s += 0.3
            self.say(alive)
        self.now_s = end_s
        self.core.advance(end_s)

    def armed(self) -> "Bench":
        self.say(b"Q@n" if not self.core._code else signed(b"Q" + CODE.encode()))
        self.say(b"EBx")
        self.wait(1.0, b"F@y")
        return self


def single(**state: object) -> Bench:
    return Bench(MagstimState("200_2", **state))


def rapid(version: str = "9.0.1", heat: CoilHeat | None = None) -> Bench:
    return Bench(MagstimState("rapid2", version), CODE if version >= "9" or version[:2] == "10" else "", heat)


def test_replies_byte_by_byte() -> None:
    bench = single()
    assert bench.say(b"J@u") == b"J\x09030000010\xf8"
    assert bench.say(b"Q@n") == b"Q\x89\x25"
    assert bench.say(b"@050*") == b"@\x89\x36"
    assert bench.say(b"EBx") == b"E\x8a\x30"
    bench.wait(1.0, b"F@y")
    assert bench.say(b"J@u")[:2] == b"J\x8c"
    assert bench.say(b"EAy") == b"E\x89\x31"
    assert bench.say(b"R@m") == b"R\x09\xa4"


@pytest.mark.parametrize(
    ("request_bytes", "reply"),
    [
        (b"%@\x9a", b"?"),
        (b"J@v", b"?"),
        (b"\\@c", b"?"),
        (signed(b"@101"), signed(b"@?")),
        (signed(b"@abc"), signed(b"@?")),
        (b"EHr", signed(b"ES")),
        (signed(b"EZ"), signed(b"E?")),
    ],
)
def test_refusals(request_bytes: bytes, reply: bytes) -> None:
    bench = single()
    bench.say(b"Q@n")
    assert bench.say(request_bytes) == reply
    assert bench.core.refused == 1


def test_arming_twice_is_a_conflict() -> None:
    assert single().armed().say(b"EBx") == signed(b"ES")


def test_without_remote_control_nothing_moves() -> None:
    bench = single()
    assert [bench.say(request) for request in (b"EBx", b"@050*")] == [signed(b"ES"), signed(b"@S")]
    assert bench.say(b"F@y") == signed(b"F\x09240236")


def test_remote_control_lapses_after_a_second_of_silence_and_disarms() -> None:
    bench = single().armed()
    bench.wait(0.8)
    assert bench.core.state.armed
    bench.wait(0.4)
    assert (bench.core.state.armed, bench.core.state.remote, bench.core.lapses) == (False, False, 1)


def test_any_request_keeps_remote_control() -> None:
    bench = single().armed()
    bench.wait(20.0, b"J@u")
    assert (bench.core.state.ready, bench.core.lapses) == (True, 0)


def test_a_200_disarms_after_a_minute_without_a_pulse() -> None:
    bench = single().armed()
    bench.wait(58.0, b"J@u")
    assert bench.core.state.armed
    bench.wait(3.0, b"J@u")
    assert not bench.core.state.armed
    assert bench.core.state.remote


def test_a_pulse_takes_the_charge_and_gives_it_back() -> None:
    bench = single().armed()
    assert bench.say(b"EHr")[:2] == b"E\x8a", "armed, no longer ready"
    assert len(bench.pulses) == 1
    assert bench.pulses[0][1] == 30.0
    bench.wait(0.2)
    assert bench.say(b"J@u")[:2] == b"J\x8c"


def test_pulses_in_quick_succession_are_accepted_and_dropped() -> None:
    bench = single().armed()
    replies = [bench.say(b"EHr", after_s=0.05) for _ in range(5)]
    assert all(reply[1:2] != b"S" for reply in replies)
    assert (len(bench.pulses), bench.core.dropped_pulses) == (2, 3)


def test_the_capacitor_charges_quickly_and_is_bled_slowly() -> None:
    bench = single(power_pct=50).armed()
    bench.say(b"@" + b"040" + signed(b"@040")[-1:])
    bench.wait(0.4)
    assert 44.0 < bench.core.level_pct(bench.now_s) < 46.0
    bench.wait(0.6, b"J@u")
    assert bench.core.level_pct(bench.now_s) == 40.0
    bench.say(signed(b"@060"))
    bench.wait(0.2)
    assert bench.core.level_pct(bench.now_s) == 60.0


@pytest.mark.parametrize("version", ["5.0", "7.1", "8.0"])
def test_older_rapids_want_no_code(version: str) -> None:
    bench = rapid(version)
    assert bench.say(b"NDm") == signed(b"N" + version.encode() + b"\0")
    assert bench.say(b"Q@n") == b"Q\x89\x25"
    assert len(bench.say(b"\\@c")) == (21 if version < "7" else 22)
    assert bench.say(b"x@G") == b"?"


@pytest.mark.parametrize("version", ["9.0.1", "10.2"])
def test_newer_rapids_want_their_code(version: str) -> None:
    bench = rapid(version)
    assert bench.say(b"Q@n") == signed(b"Q?")
    assert bench.say(signed(b"Q0000-00000000-00")) == signed(b"Q?")
    body = b"Q" + CODE.encode()
    assert bench.say(signed(signed(body))) == b"Q\x89\x25?", "with the checksum left on, a character is left over"
    bench.say(b"R@m")
    assert bench.say(signed(body)) == b"Q\x89\x25"
    assert len(bench.say(b"\\@c")) == 24
    assert bench.say(b"x@G") == signed(b"x\x89\x38\0\0")


def test_a_train_is_timed_by_the_device_and_says_that_it_runs() -> None:
    bench = rapid().armed()
    for body in (b"[0010", b"B0100", b"D00020", b"[0020"):
        assert bench.say(signed(body))[1] == 0x8C
    bench.say(b"EHr")
    assert bench.say(b"x@G")[2] & 0x02
    assert bench.say(signed(b"B0050")) == signed(b"BS"), "no other settings while it runs"
    bench.wait(2.0, b"x@G")
    times = [at_s for at_s, _ in bench.pulses]
    assert [round(at_s - times[0], 6) for at_s in times] == [k / 10 for k in range(20)]
    assert bench.say(b"x@G")[1:3] == b"\x8a\x34", "armed, in the pause after the train"
    bench.wait(0.5)
    assert bench.say(b"x@G")[1:3] == b"\x8c\x30"


def test_a_train_ends_when_pulses_or_time_are_up() -> None:
    bench = rapid().armed()
    for body in (b"[0010", b"B0100", b"D00020", b"[0005"):
        bench.say(signed(body))
    bench.say(b"EHr")
    bench.wait(3.0, b"x@G")
    assert len(bench.pulses) == 5


def test_heat_disarms_at_40_degrees_and_keeps_it_disarmed() -> None:
    bench = rapid(heat=CoilHeat(ambient_c=39.9, full_pulse_c=2.0)).armed()
    bench.say(b"EHr")
    bench.wait(0.5, b"x@G")
    assert not bench.core.state.armed
    assert bench.say(b"EBx") == signed(b"ES")
    assert int(bench.say(b"F@y")[2:5]) >= 400


@pytest.mark.parametrize(("fault", "byte"), [("coil_out", 0x81), ("device_error", 0xA9), ("panel_off", 0x89)])
def test_mishaps_disarm_and_show(fault: str, byte: int) -> None:
    bench = rapid().armed()
    fired = bench.faults.add(f"magstim.{fault}", bench.now_s)
    bench.wait(0.5, b"x@G")
    assert bench.say(b"x@G")[1] == byte
    assert fired.fired_at_s is not None


def test_a_lost_pulse_keeps_its_charge() -> None:
    bench = single().armed()
    fault = bench.faults.add("magstim.lost_pulse", bench.now_s)
    assert bench.say(b"EHr")[:2] == b"E\x8c"
    assert (bench.pulses, fault.strikes) == ([], 1)
