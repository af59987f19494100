"""The grid and which site answers best."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.hotspot import Grid, HotspotRule, Stimulus, anterior_grid, lateral_grid, search

RULE = HotspotRule(stimuli_per_site=2)


def places(grid: Grid) -> list[tuple[float, float]]:
    return [(site.x_cm, site.y_cm) for site in grid.sites]


def answers(means: dict[str, float], visits: int = 1, latency_ms: float | None = 32.0) -> list[Stimulus]:
    return [Stimulus(site, uv, latency_ms) for site, uv in means.items() for _ in range(2 * visits)]


def test_the_lateral_grid_goes_from_the_vertex_to_the_target_hemisphere() -> None:
    assert places(lateral_grid("left")) == [(0.0, 0.0), (-0.5, 0.0), (-1.0, 0.0), (-1.5, 0.0), (-2.0, 0.0)]
    assert places(lateral_grid("right")) == [(0.0, 0.0), (0.5, 0.0), (1.0, 0.0), (1.5, 0.0), (2.0, 0.0)]
    assert [site.id for site in lateral_grid("left").sites] == ["r0c0", "r0c1", "r0c2", "r0c3", "r0c4"]
    assert len(lateral_grid("left", rows=(0, 1, -1)).sites) == 15


def test_the_anterior_grid_stays_on_the_midline() -> None:
    grid = anterior_grid()
    assert {x for x, _ in places(grid)} == {0.0}
    assert [y for _, y in places(grid)] == [0.0, 0.5, 1.0, 1.5, 2.0, -0.5, -1.0, -1.5, -2.0]


def test_sites_are_visited_in_order_and_void_trials_do_not_count() -> None:
    grid = lateral_grid("left")
    assert search(grid, [], RULE).next_site == grid.sites[0]
    trials = [Stimulus("r0c0", 80.0), Stimulus("r0c0", 900.0, valid=False)]
    state = search(grid, trials, RULE)
    assert state.next_site == grid.sites[0]
    assert state.scores[0].mean_uv == 80.0
    assert search(grid, [*trials, Stimulus("r0c0", 90.0)], RULE).next_site == grid.sites[1]


def test_the_largest_mean_wins_and_must_be_visited_twice() -> None:
    first = answers({"r0c0": 60.0, "r0c1": 200.0, "r0c2": 150.0, "r0c3": 90.0, "r0c4": 50.0})
    state = search(lateral_grid("left"), first, RULE)
    assert state.best is not None
    assert (state.best.id, state.done, state.next_site) == ("r0c1", False, state.best)
    confirmed = search(lateral_grid("left"), [*first, *answers({"r0c1": 240.0})], RULE)
    assert confirmed.done
    assert confirmed.next_site is None
    assert "r0c1" in confirmed.reason


def test_two_visits_that_differ_threefold_are_not_believed() -> None:
    first = answers({"r0c0": 60.0, "r0c1": 300.0, "r0c2": 150.0, "r0c3": 90.0, "r0c4": 50.0})
    again = [*first, *answers({"r0c1": 100.0})]
    state = search(lateral_grid("left"), again, RULE)
    assert not state.done
    assert "factor of 3.0" in state.reason
    assert search(lateral_grid("left"), [*again, *answers({"r0c1": 290.0 / 2})], RULE).done
    endless = [*first, *answers({"r0c1": 950.0}), *answers({"r0c1": 100.0}), *answers({"r0c1": 900.0})]
    stuck = search(lateral_grid("left"), endless, RULE)
    assert (stuck.done, stuck.next_site) == (False, None)


def test_a_better_second_visit_elsewhere_moves_the_choice() -> None:
    first = answers({"r0c0": 60.0, "r0c1": 200.0, "r0c2": 190.0, "r0c3": 90.0, "r0c4": 50.0})
    state = search(lateral_grid("left"), [*first, *answers({"r0c1": 80.0})], RULE)
    assert state.best is not None
    assert state.best.id == "r0c2"
    assert not state.done


def test_on_a_tie_the_shorter_latency_wins() -> None:
    rows = [
        *answers({"r0c0": 100.0}, latency_ms=34.0),
        *answers({"r0c1": 100.0}, latency_ms=31.0),
        *answers({"r0c2": 60.0, "r0c3": 60.0, "r0c4": 60.0}),
    ]
    best = search(lateral_grid("left"), rows, RULE).best
    assert best is not None
    assert best.id == "r0c1"


def test_the_grid_grows_one_step_where_its_edge_answers_best() -> None:
    lateral = answers({"r0c0": 60.0, "r0c1": 70.0, "r0c2": 80.0, "r0c3": 90.0, "r0c4": 150.0})
    state = search(lateral_grid("left"), lateral, RULE)
    assert state.next_site is not None
    assert (state.next_site.id, state.next_site.x_cm) == ("r0c5", -2.5)
    further = search(lateral_grid("left"), [*lateral, *answers({"r0c5": 300.0}, visits=2)], RULE)
    assert further.done
    assert "edge" in further.reason
    back = {site.id: 60.0 for site in anterior_grid().sites} | {"r-4c0": 120.0}
    grown = search(anterior_grid(), answers(back), RULE).next_site
    assert grown is not None
    assert grown.y_cm == -2.5


def test_the_vertex_is_never_passed_into_the_other_hemisphere() -> None:
    rows = answers({"r0c0": 200.0, "r0c1": 70.0, "r0c2": 60.0, "r0c3": 60.0, "r0c4": 60.0})
    state = search(lateral_grid("right"), rows, RULE)
    assert len(state.grid.sites) == 5
    assert state.best is not None
    assert state.best.id == "r0c0"


def test_no_answer_anywhere_asks_for_more_intensity() -> None:
    state = search(lateral_grid("left"), answers({f"r0c{i}": 12.0 for i in range(5)}), RULE)
    assert (state.next_site, state.best, state.done) == (None, None, False)
    assert "raise the intensity" in state.reason


def test_a_wrong_site_or_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="no such site"):
        search(lateral_grid("left"), [Stimulus("r9c9", 100.0)], RULE)
    with pytest.raises(ValueError, match="left or right"):
        lateral_grid("middle")
    with pytest.raises(ValueError, match="step"):
        anterior_grid(step_cm=0.0)


@given(st.lists(st.floats(50.0, 5000.0), min_size=5, max_size=5, unique=True), st.sampled_from(["left", "right"]))
def test_a_repeating_subject_ends_on_the_true_best_site(means: list[float], side: str) -> None:
    truth = {f"r0c{i}": uv for i, uv in enumerate(means)} | {"r0c5": 1.0}
    rows: list[Stimulus] = []
    while (state := search(lateral_grid(side), rows, RULE)).next_site is not None:
        rows.append(Stimulus(state.next_site.id, truth[state.next_site.id]))
        assert len(rows) <= 14
    assert state.done
    assert state.best is not None
    assert truth[state.best.id] >= max(truth.values()) - 0.1
