import pytest

from hal.sim.patient.coil import CoilHeat, CoilPlacement

HOTSPOT = (1.0, 0.0)


def efficiency(**placement):
    return CoilPlacement(**{"x_cm": 1.0, **placement}).efficiency(HOTSPOT)


def test_full_effect_only_at_the_hotspot():
    assert efficiency() == 1.0
    effects = [efficiency(x_cm=1.0 + d) for d in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert effects == sorted(effects, reverse=True)
    assert effects[1] == pytest.approx(0.984, abs=0.002)
    assert effects[2] == pytest.approx(0.938, abs=0.002)


def test_distance_counts_in_every_direction():
    assert efficiency(x_cm=2.0) == pytest.approx(efficiency(x_cm=0.0)) == pytest.approx(efficiency(y_cm=-1.0))


def test_wrong_current_direction_weakens():
    assert 0.6 < efficiency(rotation_deg=90) < efficiency(rotation_deg=45) < 1.0
    assert efficiency(rotation_deg=180) == pytest.approx(1.0)


def test_sham_tilt_and_lost_contact_do_nothing():
    assert efficiency(tilt_deg=90) == pytest.approx(0.0, abs=1e-9)
    assert efficiency(contact=False) == 0.0


def test_heat_grows_with_the_square_of_the_amplitude():
    full, half = CoilHeat(), CoilHeat()
    full.add_pulse(100, 0.0)
    half.add_pulse(50, 0.0)
    assert full.temperature_c(0.0) - 24.0 == pytest.approx(4 * (half.temperature_c(0.0) - 24.0))


def test_coil_cools_towards_the_room():
    heat = CoilHeat(cooling_s=900.0)
    heat.add_pulse(100, 10.0, times=200)
    hot = heat.temperature_c(10.0) - 24.0
    assert heat.temperature_c(10.0 + 900.0) - 24.0 == pytest.approx(hot / 2.71828, rel=1e-4)


def test_a_low_frequency_treatment_stays_well_below_the_limit():
    heat = CoilHeat()
    for second in range(1200):
        heat.add_pulse(60, second)
    assert 26.0 < heat.temperature_c(1200) < heat.limit_c - 5
