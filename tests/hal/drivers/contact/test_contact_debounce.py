"""Bounces: a stop acts on the first sight of an open contact, everything else waits."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.contact.contact_debounce import Debounce

LOOKS = st.lists(st.tuples(st.booleans(), st.booleans(), st.floats(0.0, 0.03)), min_size=1, max_size=60)


def test_nothing_is_known_at_first() -> None:
    assert Debounce(0.0, 0.05).closed is None
    assert Debounce(0.0, 0.05).due_s(5.0) == math.inf


def test_a_stop_opens_at_once_and_closes_late() -> None:
    stop = Debounce(0.0, 0.05)
    stop.see(True, 0.0)
    assert stop.closed is None
    assert stop.due_s(0.02) == pytest.approx(0.03)
    stop.see(True, 0.05)
    assert stop.closed is True
    stop.see(False, 0.06)
    assert stop.closed is False
    stop.see(True, 0.07)
    stop.see(True, 0.119)
    assert stop.closed is False
    stop.see(True, 0.1201)
    assert stop.closed is True


def test_a_pulse_between_two_looks_counts_for_a_stop() -> None:
    stop = Debounce(0.0, 0.05)
    stop.see(True, 0.0)
    stop.see(True, 0.06)
    stop.see(True, 0.07, moved=True)
    assert stop.closed is False
    stop.see(True, 0.13)
    assert stop.closed is True


def test_a_foot_switch_takes_no_bounce_for_a_press() -> None:
    foot = Debounce(0.01, 0.01)
    foot.see(False, 0.0)
    foot.see(False, 0.01)
    assert foot.closed is False
    for at_ms in range(11, 19):
        foot.see(at_ms % 2 == 1, at_ms / 1000)
        assert foot.closed is False
    foot.see(True, 0.019)
    foot.see(True, 0.0291)
    assert foot.closed is True


def test_unreadable_is_unknown() -> None:
    foot = Debounce(0.01, 0.01)
    foot.see(True, 0.0)
    foot.see(True, 0.02)
    foot.forget()
    assert foot.closed is None


@given(LOOKS)
def test_a_stop_is_never_closed_within_its_release_time_after_any_opening(
    looks: list[tuple[bool, bool, float]],
) -> None:
    stop, at_s, opened_s = Debounce(0.0, 0.05), 0.0, 0.0
    for closed, moved, pause_s in looks:
        at_s += pause_s
        stop.see(closed, at_s, moved=moved)
        if not closed or moved:
            opened_s = at_s
        assert stop.closed is not True or at_s - opened_s >= 0.05
        if not closed:
            assert stop.closed is False


@given(LOOKS)
def test_a_switch_changes_only_to_what_was_seen_steadily(looks: list[tuple[bool, bool, float]]) -> None:
    foot, at_s, since_s, last = Debounce(0.01, 0.01), 0.0, 0.0, None
    for closed, moved, pause_s in looks:
        at_s += pause_s
        before = foot.closed
        if moved or closed is not last:
            since_s, last = at_s, closed
        foot.see(closed, at_s, moved=moved)
        if foot.closed is not before:
            assert foot.closed is closed
            assert at_s - since_s >= 0.01
