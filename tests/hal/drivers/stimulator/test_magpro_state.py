"""What a MagPro said, folded; and the proof of its pulse counter."""

from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import Flags
from hal.drivers.stimulator.magpro_state import Account, CounterProof


def test_each_message_changes_only_what_it_tells() -> None:
    account = Account().after(wire.CoilReport(35, 60, Flags.of(mode=0, waveform=1, enabled=True, model=0)))
    assert (account.temperature_c, account.coil_type, account.enabled, account.model) == (35, 60, True, 0)
    assert (account.amplitude_a, account.page, account.running, account.serial_number) == (None,) * 4
    later = account.after(wire.PageReport(2, True, Flags(0)))
    assert (later.temperature_c, later.page, later.running, later.enabled) == (35, 2, True, False)


def test_the_model_of_a_waveform_block_is_not_believed() -> None:
    account = Account().after(wire.WaveformReport(88, 0, 0, 1, 0, 0, 0, 0))
    assert account.model is None


def test_unknown_messages_change_nothing() -> None:
    assert Account().after(wire.Unknown(b"\xf0")) == Account()


def _proof(*steps: int | str) -> list[bool]:
    """Verdicts of a counter: numbers are totals read, "p" a reported pulse, "down" a lost link."""
    proof, verdicts = CounterProof(), []
    for step in steps:
        if step == "p":
            proof.pulse()
        elif step == "down":
            proof.forget_base()
        else:
            verdicts.append(proof.agrees(int(step)))
    return verdicts


def test_nothing_is_proved_before_a_pulse() -> None:
    assert _proof(7, 7, 7) == [False, False, False]


def test_an_advance_equal_to_the_pulses_proves_it() -> None:
    assert _proof(7, "p", 8, "p", "p", 10) == [False, True, True]


def test_a_pulse_between_the_two_messages_is_forgiven_once() -> None:
    assert _proof(7, "p", 8, 9, "p", 9) == [False, True, False, True]


def test_two_disagreements_in_a_row_are_for_good() -> None:
    assert _proof(7, "p", 8, 12, 12, "p", "p", "p", "p", 12) == [False, True, False, False, False]


def test_a_counter_that_stands_still_is_not_believed() -> None:
    assert _proof(7, "p", 7, "p", 7, "p", 7) == [False] * 4


def test_what_was_proved_before_a_lost_link_still_holds_after_it() -> None:
    assert _proof(7, "p", 8, "down", 20, "p", 21) == [False, True, True, True]


def test_a_lost_link_proves_nothing() -> None:
    assert _proof(7, "down", 9, "down", 11) == [False] * 3
