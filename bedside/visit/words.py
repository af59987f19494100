"""What a screen says of each step."""

from dataclasses import dataclass

from bedside.events import StepId


@dataclass(frozen=True, slots=True)
class Words:
    """What a screen says of a step: its title, what to do in one sentence, what good looks like."""

    title: str
    instruction: str
    good: str


WORDS: dict[StepId, Words] = {
    "checkin": Words(
        "Check in", "Confirm that this is the right participant.", "Study number and second identifier match."
    ),
    "screening": Words(
        "Safety questions", "Ask every question today, again.", "All answered; a physician decided on doubts."
    ),
    "posture": Words("Posture", "Seat the patient for the search.", "Seated, foot on the plate, leg relaxed."),
    "hotspot": Words(
        "Find the hotspot",
        "Hold the coil over the proposed site and give pulses.",
        "One site answers best, twice alike.",
    ),
    "threshold": Words(
        "Find the threshold",
        "Hold the coil on the hotspot and give pulses.",
        "The interval is narrow and the rule is done.",
    ),
    "dose": Words("Dose", "Compare the dose with the plan.", "Intensity at or below the plan, rounded down."),
    "fit": Words(
        "Fit the robot", "Fit the robot and enter the numbers.", "All within 1 cm of last time; emergency stop tested."
    ),
    "coil": Words(
        "Place the coil", "Place the coil as drawn and fix the cable.", "Coil on its mark, both operators there."
    ),
    "treatment": Words(
        "Treatment", "Walk steadily, then start stimulation.", "Steady walk, coil on its mark, count rising."
    ),
    "mep": Words(
        "Evoked potentials",
        "Hold the coil on the hotspot; the intensity is that of the first visit.",
        "Three responses at rest, from both legs.",
    ),
    "assess": Words("Assess", "Work on each instrument, in any order.", "Each is complete, or says why it is not."),
    "finish": Words("Finish", "Bring the robot to a stand, then take the coil off.", "Patient stands, then coil off."),
    "aftercare": Words(
        "Aftercare", "Ask how it was, then look at the skin.", "Every question asked, every site looked at."
    ),
    "physio": Words("Physiotherapy", "Enter the conventional training.", "Minutes and content entered."),
    "signoff": Words("Sign", "Read the totals and sign.", "Delivered and not given add up to the plan."),
}

SEATED: dict[StepId, Words] = {
    "coil": Words("Place the coil", "Place the coil as drawn and fix the cable.", "Coil on its mark, patient at ease."),
    "treatment": Words(
        "Treatment", "Keep the patient seated and still, then start stimulation.", "Coil on its mark, count rising."
    ),
    "finish": Words("Finish", "Take coil and electrodes off, then have the patient cycle.", "Cycled as planned."),
}
"""What differs in a study whose patients sit during stimulation."""


ASSESSED: dict[StepId, Words] = {
    "signoff": Words("Sign", "Read the results and sign.", "Each instrument is complete, or says why it is not."),
}


def words_of(step: StepId, *, seated: bool, assesses: bool = False) -> Words:
    """The words of a step: in an assessment, or in a study whose patients sit during stimulation, or walk."""
    if assesses and step in ASSESSED:
        return ASSESSED[step]
    return SEATED.get(step, WORDS[step]) if seated else WORDS[step]
