"""What other programs of the laboratory are offered over LSL: EMG, pulses at their own samples, the robot's phase.

Nobody's name, number or arm is in it. It is off unless station.toml says how far it may be seen.
"""

from collections.abc import Callable

from hal.device import Reading
from hal.links.lsl_library import Scope
from hal.lsl_outlet import LslOutlet
from hal.roles import EmgAmplifier, EmgBlock, RobotState


class Offer:
    """Follows the devices' readings. `amplitude` tells the present amplitude (%MSO), None where it is not known."""

    def __init__(self, box: str, amplifier: EmgAmplifier, scope: Scope, amplitude: Callable[[], int | None]) -> None:
        """Raises `hal.device.SetupError` where LSL is not installed."""
        self._outlet = LslOutlet(box, amplifier.channels, amplifier.rate_hz, scope=scope)
        self._amplitude = amplitude
        self._phase = ""
        self._contacts: tuple[bool, ...] = (False, False)

    def take(self, reading: Reading) -> None:
        """Offer what a reading holds for others."""
        match reading:
            case EmgBlock():
                self._emg(reading)
            case RobotState():
                self._robot(reading)

    def close(self) -> None:
        """Withdraw the streams."""
        self._outlet.close()

    def _emg(self, block: EmgBlock) -> None:
        self._outlet.emg(block)
        for sample in block.triggers:
            amplitude = self._amplitude()
            self._outlet.pulse(sample, "pulse" if amplitude is None else f"pulse, {amplitude} %MSO")

    def _robot(self, state: RobotState) -> None:
        if state.phase != self._phase:
            self._phase = state.phase
            self._outlet.phase(state.phase)
        contacts = state.contacts or (False, False)
        for side, now, before in zip(("right", "left"), contacts, self._contacts, strict=False):
            if now and not before:
                self._outlet.phase(f"contact {side}")
        self._contacts = contacts
