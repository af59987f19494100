"""Options of a Magstim's device file, and what people read about the models."""

from dataclasses import dataclass

from hal.drivers.stimulator.magstim_messages import Model

TITLES: dict[Model, str] = {
    "rapid2": "Magstim Rapid-2",
    "200_2": "Magstim 200-2",
    "bistim2": "Magstim BiStim-2",
    "horizon": "Magstim Horizon",
}
CHECK_CABLE = (
    "check the port in the device file, the stimulator's power, and that the cable goes into the main unit: "
    "the port of the user interface does not answer"
)


@dataclass(frozen=True, slots=True)
class MagstimOptions:
    """Options of a device file.

    `unlock_credential` names the service's credential that holds the unlock code (Rapid with software 9 or later,
    Horizon). Times in real seconds: `poll_s` from question to question, `answer_s` until an answer is given up,
    `arm_s` until the device is charged, `pulse_s` until a pulse has shown itself, `off_s` until off is confirmed.
    """

    model: Model
    unlock_credential: str = ""
    poll_s: float = 0.25
    answer_s: float = 0.3
    arm_s: float = 4.0
    pulse_s: float = 0.5
    off_s: float = 1.5
    max_rate_hz: float = 50.0

    def __post_init__(self) -> None:
        if not 0.05 <= self.poll_s <= 0.4 or not 0.1 <= self.answer_s <= 0.4:
            raise ValueError("poll_s must be 0.05 to 0.4 and answer_s 0.1 to 0.4: remote control lapses after a second")
        if not 0.3 <= self.off_s <= 5:
            raise ValueError("off_s must be 0.3 to 5")
        if not 0.5 <= self.arm_s <= 20 or not 0.1 <= self.pulse_s <= 5 or not 0.1 <= self.max_rate_hz <= 100:
            raise ValueError("arm_s must be 0.5 to 20, pulse_s 0.1 to 5, max_rate_hz 0.1 to 100")
