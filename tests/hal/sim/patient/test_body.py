"""What the simulated patient does when told: activities follow each other without a jump, and muscles go with them."""

from pathlib import Path

import numpy as np
import pytest

from hal.sim.hands import Hands
from hal.sim.patient.body import SEAT_S, Body
from hal.sim.patient.crank import RAMP_S
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.gait_truth import strides
from hal.sim.patient.limb import SEGMENTS
from hal.sim.patient.patient import Patient
from hal.sim.patient.reactions import MOST_PARETIC_PCT, REST_PCT
from hal.sim.patient.walking_style import SIDES
from hal.sim.world import SimulatedWorld

STORY = (
    ("stand", 0.0),
    ("walk", 2.0),
    ("cycle", 14.0),
    ("stand", 40.0),
    ("sit", 52.0),
    ("walk", 58.0),
    ("stand", 70.0),
)


def test_activities_follow_each_other_without_a_jump() -> None:
    body, dt_s = Body(GaitModel(), 1, "right"), 0.002
    poses = {(segment, side): [] for segment in SEGMENTS for side in SIDES}  # type: ignore[var-annotated]
    for (activity, from_s), to_s in zip(STORY, [at for _, at in STORY[1:]] + [85.0], strict=True):
        body.do(activity, from_s)  # type: ignore[arg-type]
        t_s = np.arange(round(from_s / dt_s), round(to_s / dt_s)) * dt_s
        for (segment, side), story in poses.items():
            story.append(body.pose(segment, side, t_s))
    for story in poses.values():
        for part in ("x", "z"):
            place, rate, bend = (
                np.concatenate([getattr(getattr(p.place, part), name) for p in story])
                for name in ("value", "rate", "bend")
            )
            assert np.abs(np.diff(place) / dt_s - (rate[1:] + rate[:-1]) / 2).max() < 0.02, "m/s: the path jumps"
            assert np.abs(np.diff(rate) / dt_s - (bend[1:] + bend[:-1]) / 2).max() < 3.0, "m/s2: the speed jumps"
        assert abs(story[-1].lean.value[-1]) < 1e-9, "upright in the end"
        assert abs(story[-1].place.x.rate[-1]) < 1e-9
    bouts = {step.bout for step in body.walk.steps}
    assert len(bouts) == 2


def test_a_walk_of_some_metres_ends_by_itself_with_closed_feet() -> None:
    body = Body(GaitModel(), 1)
    body.do("walk", 0.0, speed_m_s=1.0, distance_m=10.0)
    feet = [body.pose("foot", side, np.arange(0.0, 30.0, 0.01)).place.x for side in SIDES]
    assert feet[0].value[-1] == pytest.approx(feet[1].value[-1])
    assert 10.0 <= feet[0].value[-1] - feet[0].value[0] < 10.8
    assert not body.walk.walking


def test_a_crank_stops_and_turns_the_other_way() -> None:
    body = Body(GaitModel(), 1)
    ready_s = body.do("cycle", 0.0, rpm=60.0)
    assert ready_s == pytest.approx(SEAT_S + RAMP_S, abs=0.1)
    angle = body.crank.angle
    body.pose("foot", "left", np.arange(0.0, 10.0, 0.1))
    rested_s = body.do("cycle", 10.0, rpm=0.0)
    assert angle(np.array([rested_s, rested_s + 5.0]), "right").rate == pytest.approx([0.0, 0.0], abs=1e-9)
    body.pose("foot", "left", np.array([rested_s + 5.0]))
    back_s = body.do("cycle", rested_s + 5.0, rpm=-30.0)
    assert angle(np.array([back_s]), "right").rate[0] == pytest.approx(-np.pi)
    right, left = (angle(np.array([20.0]), side).value[0] for side in ("right", "left"))
    assert left - right == pytest.approx(np.pi)


def test_what_cannot_be_done_is_refused() -> None:
    body = Body(GaitModel())
    for words, settings in (("no activity 'fly'", {}), ("walking speed", {"speed_m_s": 9.0}), ("rpm", {"rpm": 300.0})):
        name = "fly" if not settings else "walk" if "speed_m_s" in settings else "cycle"
        with pytest.raises(ValueError, match=words):
            body.do(name, 0.0, **settings)  # type: ignore[arg-type]


def bursts(body: Body, activity: str, from_s: float) -> tuple[np.ndarray, np.ndarray]:
    """RMS of every channel in eight parts of the right leg's stride or turn (8, channels), and the same while still."""
    patient = Patient(4, phases=body.phases)
    still = patient.render_uv(0.0, 2000, 2000.0, hum_rms_uv=0.0).std(axis=0)
    body.do(activity, 1.0)  # type: ignore[arg-type]
    t_s = from_s + np.arange(40_000) / 2000.0
    uv = patient.render_uv(from_s, t_s.size, 2000.0, hum_rms_uv=0.0)
    phases = body.phases(t_s)
    assert phases is not None
    part = np.floor(8 * phases.right).astype(int)
    return np.stack([uv[part == k].std(axis=0) for k in range(8)]), still


def test_thigh_muscles_take_turns_on_the_crank() -> None:
    rms, still = bursts(Body(GaitModel(), 2), "cycle", 6.0)
    names = Patient(4).names
    front, back = names.index("RF right"), names.index("BF right")
    assert {int(rms[:, front].argmax()), int(rms[:, back].argmax())} <= {0, 2, 3, 7}
    assert rms[[7, 0], front].mean() > 3 * rms[[3, 4], front].mean() > 0
    assert rms[[2, 3], back].mean() > 3 * rms[[6, 7], back].mean() > 0
    left = rms[:, names.index("RF left")]
    assert left[[3, 4]].mean() > 3 * left[[7, 0]].mean(), "half a turn later"
    assert (rms.max(axis=0) > 3 * still).all()


def test_a_paretic_leg_s_muscles_do_less_and_calf_and_shin_take_turns_in_walking() -> None:
    sound, _ = bursts(Body(GaitModel(), 2), "walk", 8.0)
    weak, _ = bursts(Body(GaitModel(), 2, "right"), "walk", 8.0)
    names = Patient(4).names
    shin, calf = names.index("TA right"), names.index("SOL right")
    assert sound[3, calf] > 3 * sound[6, calf]
    assert sound[6, shin] > 2 * sound[3, shin]
    assert weak[:, shin].max() < 0.8 * sound[:, shin].max()


def asked(hands: Hands, do: str, **arguments: object) -> dict[str, object]:
    reply = hands.answer({"do": do, **arguments})
    assert reply.pop("ok"), reply
    return reply


def test_hands_move_the_patient_and_tell_what_is_true(tmp_path: Path) -> None:
    world = SimulatedWorld(1, tmp_path, also=("force_board_dual", "force_board"))
    hands, two, one = Hands(world), *(world.also[name].source for name in ("force_board_dual", "force_board"))  # type: ignore[attr-defined]
    assert asked(hands, "activity", name="stand", on_plate=True, paretic="left")["activity"] == "stand"
    for plate in (two, one):
        assert plate.stander.at(5.0).load_kg == pytest.approx(world.patient.body_mass_kg, rel=0.02)
    told = asked(hands, "follow", left_pct=80.0)
    assert told["left_pct"] == MOST_PARETIC_PCT
    late_s = float(str(told["reaction_s"]))
    assert 0.2 <= late_s <= 0.7
    at_s = np.arange(5.0, 12.0, 0.02)
    shares = [100 * sum(two._loads_kg(two.stander.at(t))[:4]) / two.stander.at(t).load_kg for t in at_s]
    assert np.mean(shares[200:]) == pytest.approx(MOST_PARETIC_PCT, abs=2.5)
    assert np.mean(shares[: int(late_s / 0.02)]) == pytest.approx(100 - REST_PCT, abs=3.0)
    assert np.mean([one.stander.at(t).x_cm for t in at_s + 7.0]) == pytest.approx((0.5 - 0.65) * 40.0, abs=0.7)
    weak, sound = (asked(hands, "follow", direction_deg=angle)["x_cm"] for angle in (180.0, 0.0))
    assert 0 > float(str(weak)) > -float(str(sound))
    push = asked(hands, "push", y_cm=6.0)
    assert 0.05 < float(str(push["peak_s"])) < 0.3
    world.clock.now_s = lambda: 20.0  # type: ignore[method-assign]
    asked(hands, "activity", name="walk", speed_m_s=1.0)
    assert not two.stander.alive
    world.body.pose("foot", "left", np.arange(20.0, 40.0, 0.1))
    world.clock.now_s = lambda: 40.0  # type: ignore[method-assign]
    known = asked(hands, "movement", since_s=25.0)["strides"]
    assert known == [
        {name: getattr(stride, name) for name in stride.__slots__}
        for stride in strides(world.body.walk.steps, 25.0, 40.0)
    ]
    assert not hands.answer({"do": "push"})["ok"], "on no plate"
    for wrong in (
        {"do": "activity", "name": "fly"},
        {"do": "activity", "name": "walk", "paretic": "both"},
        {"do": "shift", "left_pct": 120.0},
        {"do": "lean", "x_cm": "far", "y_cm": 0.0},
    ):
        assert not hands.answer(wrong)["ok"]
