"""The CORC codec and the robot on a real TCP socket."""

import math
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.device import Reading, Refused, SetupError
from hal.drivers.gait.corc_codec import FRAME_BYTES, Frame, FrameParser, decode_frame, encode_frame
from hal.drivers.gait.corc_robot import OTHER_FRAMES, PHASES, VALUES, CorcRobot, robot_state
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import RobotState
from tests.helpers.far_ends import TcpEnd, finishes, until

NUMBERS = st.floats(allow_nan=False)
FRAMES = st.one_of(
    st.builds(Frame, st.lists(NUMBERS, max_size=31).map(tuple)),
    st.builds(
        Frame, st.lists(NUMBERS, max_size=31).map(tuple), st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ_", min_size=4, max_size=4)
    ),
)
WALKING = Frame((12.5, *range(1, 7), *range(11, 17), *range(21, 27), 1.0, 0.0, 1.2, 28.8, 40.0, 3.0, 0.0, 417.0))


def test_a_frame_byte_by_byte() -> None:
    frame = encode_frame(Frame((1.0, -2.0)))
    assert len(frame) == FRAME_BYTES
    assert frame[:2] == b"V\x02"
    assert frame[2:18] == bytes.fromhex("000000000000F03F 00000000000000C0")
    assert frame[18:254] == bytes(236)
    assert frame[254] == 0xF0 ^ 0x3F ^ 0xC0


def test_a_command_frame() -> None:
    frame = encode_frame(Frame((), "STRT"))
    assert frame[:6] == b"C\x00STRT"
    assert decode_frame(frame) == Frame((), "STRT")


@given(FRAMES)
def test_every_frame_survives_the_wire(frame: Frame) -> None:
    assert FrameParser().feed(encode_frame(frame)) == [frame]


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(1, 300), max_size=10))
def test_frames_survive_any_chunking(frames: list[Frame], cuts: list[int]) -> None:
    wire, parser, got = b"".join(map(encode_frame, frames)), FrameParser(), []
    for cut in cuts:
        got += parser.feed(wire[:cut])
        wire = wire[cut:]
    got += parser.feed(wire)
    assert got == frames
    assert (parser.dropped, parser.resyncs) == (0, 0)


@given(st.binary(max_size=600))
def test_noise_never_raises(noise: bytes) -> None:
    FrameParser().feed(noise)


@given(st.binary(min_size=1, max_size=300))
def test_recovery_within_two_frames_of_any_garbage(garbage: bytes) -> None:
    parser = FrameParser()
    heard = parser.feed(garbage) + parser.feed(encode_frame(WALKING)) + parser.feed(encode_frame(WALKING))
    assert heard[:1] == [WALKING] or garbage[:1] in (b"V", b"C")
    assert WALKING in heard


@pytest.mark.parametrize("at", [0, 1, 7, 100, 254])
def test_a_damaged_byte_is_not_believed(at: int) -> None:
    frame = bytearray(encode_frame(WALKING))
    frame[at] ^= 0x5A
    assert decode_frame(bytes(frame)) is None


def test_too_many_values_do_not_fit() -> None:
    with pytest.raises(ValueError, match="32 values"):
        encode_frame(Frame((0.0,) * 32))
    with pytest.raises(ValueError, match="four characters"):
        encode_frame(Frame((), "GO"))


def test_the_order_of_values() -> None:
    assert len(VALUES) == 27
    state = robot_state(WALKING, 5)
    assert state == RobotState(
        mono_ns=5,
        phase="walk",
        speed_kmh=1.2,
        body_weight_support_kg=28.8,
        assist_pct=40.0,
        e_stop=False,
        steps=417,
        angles_deg=(1, 2, 3, 4, 5, 6),
        velocities_deg_s=(11, 12, 13, 14, 15, 16),
        torques_nm=(21, 22, 23, 24, 25, 26),
        contacts=(True, False),
    )


def _with(**changes: float) -> RobotState:
    values = list(WALKING.values)
    for name, value in changes.items():
        values[VALUES.index(name)] = value
    state = robot_state(Frame(tuple(values)), 0)
    assert state is not None
    return state


@pytest.mark.parametrize("code", range(6))
def test_phases(code: int) -> None:
    assert _with(phase=code).phase == PHASES[code]


@pytest.mark.parametrize("code", [-1.0, 6.0, 2.5, math.nan, math.inf])
def test_a_phase_nobody_knows_is_unknown(code: float) -> None:
    assert _with(phase=code).phase == "unknown"


@pytest.mark.parametrize(("value", "pressed"), [(0.0, False), (1.0, True), (-1.0, True), (math.nan, True)])
def test_an_emergency_stop_in_doubt_is_pressed(value: float, pressed: bool) -> None:
    assert _with(e_stop=value).e_stop is pressed


def test_what_nobody_measures_is_none() -> None:
    state = _with(speed_kmh=math.nan, assist_pct=math.nan, steps=math.nan)
    assert (state.speed_kmh, state.assist_pct, state.steps) == (None, None, None)


@pytest.mark.parametrize("frame", [Frame((), "STRT"), Frame(WALKING.values[:26]), Frame((*WALKING.values, 0.0))])
def test_other_frames_are_no_state(frame: Frame) -> None:
    assert robot_state(frame, 0) is None


async def test_telemetry_silence_and_return(tmp_path: Path) -> None:
    end = TcpEnd()
    await end.plug()
    patience = Patience(silence_s=0.2, reopen_s=5, first_retry_s=0.02)
    robot = CorcRobot("robot", time.monotonic_ns, make_link(end.address), None, patience)
    heard: list[Reading] = []
    written = bytearray()
    robot.subscribe(heard.append)
    end.on_bytes = written.extend
    end.on_connect = lambda: end.send(encode_frame(WALKING))
    await finishes(robot.open())
    assert robot.health.state == "ok"
    await until(lambda: robot.health.state == "silent")
    end.send(b"V\x1bgarbage" + encode_frame(Frame((1.0,))) + encode_frame(WALKING) + encode_frame(WALKING))
    await until(lambda: robot.health.state == "ok")
    await until(lambda: len([r for r in heard if isinstance(r, RobotState)]) == 4)
    told = [r.phase for r in heard if isinstance(r, RobotState)]
    assert told == ["walk", "unknown", "walk", "walk"], "silence is unknown, not a stand"
    assert robot.health.dropped == 2, "one run of garbage, one frame of another shape"
    await end.unplug()
    await until(lambda: robot.health.state == "lost")
    last = [r for r in heard if isinstance(r, RobotState)][-1]
    assert (last.phase, last.speed_kmh, last.e_stop) == ("unknown", None, None)
    assert robot.health.error.startswith("robot state unknown: ")
    await end.plug()
    await until(lambda: robot.health.state == "ok")
    await finishes(robot.close())
    await end.unplug()
    assert not written, "a robot is never commanded"


@pytest.mark.parametrize("values", [(1.0,) * 13, (1.0,) * 31])
async def test_a_robot_with_another_list_is_told_so_and_not_called_dead(values: tuple[float, ...]) -> None:
    end = TcpEnd()
    await end.plug()
    robot = CorcRobot(
        "robot", time.monotonic_ns, make_link(end.address), None, Patience(silence_s=5, reopen_s=9, first_retry_s=0.02)
    )
    heard: list[Reading] = []
    robot.subscribe(heard.append)
    end.on_connect = lambda: end.send(encode_frame(Frame(values)) * 40)
    await finishes(robot.open())
    await until(lambda: robot.health.state == "lost")
    assert robot.health.error == f"robot state unknown: it sends {len(values)} values, 27 are needed"
    assert "the list of values" in robot.health.remedy
    assert {r.phase for r in heard if isinstance(r, RobotState)} == {"unknown"}
    end.on_connect = lambda: end.send(encode_frame(WALKING) * 2)
    await until(lambda: robot.health.state == "ok")
    await finishes(robot.close())
    await end.unplug()


async def test_a_slip_among_good_frames_ends_nothing() -> None:
    robot = CorcRobot("robot", time.monotonic_ns, make_link("tcp:127.0.0.1:1"))
    slip = encode_frame(Frame((1.0,) * 13)) * (OTHER_FRAMES - 1)
    for _ in range(3):
        robot.on_bytes(slip + encode_frame(Frame((), "STRT")) + encode_frame(WALKING))
    assert robot.health.state == "ok"
    robot.on_bytes(slip)
    with pytest.raises(Refused, match="27 are needed"):
        robot.on_bytes(encode_frame(Frame((1.0,) * 13)))


def test_a_robot_with_telemetry_takes_no_typed_values() -> None:
    robot = CorcRobot("robot", time.monotonic_ns, make_link("tcp:127.0.0.1:1"))
    with pytest.raises(Refused, match="reports its own state"):
        robot.report(phase="walk", speed_kmh=1.0, body_weight_support_kg=None, assist_pct=None, steps=None)


def test_a_robot_has_no_options() -> None:
    with pytest.raises(SetupError, match="unknown option 'speed'"):
        CorcRobot("robot", time.monotonic_ns, make_link("tcp:127.0.0.1:1"), {"speed": 1})
