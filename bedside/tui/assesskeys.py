"""What the keys of an assessment do in the app, and the full record that an unknown participant needs."""

import re

from msgspec.structs import replace
from textual.message import Message

from bedside import commands
from bedside.commands import AnyCommand, EnrolParticipant, OpenAssessment, OpenVisit
from bedside.station.wire import Reply
from bedside.tui.assessdeeds import enrolment, incomplete
from bedside.tui.deedkinds import Ask, Deed
from bedside.tui.deeds import DEEDS
from bedside.tui.picture import Picture, body_kind

_NOT_KNOWN = re.compile(r"\b(no|unknown) participant\b", re.IGNORECASE)


def is_new(command: AnyCommand, reply: Reply) -> bool:
    """Whether a visit was refused because nobody of that number has a record here."""
    return isinstance(command, OpenAssessment | OpenVisit) and not reply.ok and bool(_NOT_KNOWN.search(reply.reason))


class AssessKeys:
    """The app's methods for an assessment; the app brings the rest."""

    picture: Picture
    _after_record: AnyCommand | None = None

    def _show(self, picture: Picture) -> None:
        raise NotImplementedError

    def _perform(self, deed: Deed, tag: str) -> None:
        raise NotImplementedError

    def send(self, command: AnyCommand) -> None:
        """Ask the station."""
        raise NotImplementedError

    def say(self, words: str) -> None:
        """Show a short message."""
        raise NotImplementedError

    def _by_tag(self, tag: str) -> None:
        self._perform(DEEDS[tag], tag)

    def do_instrument(self) -> None:
        """Open the marked instrument, open it again, or go back to it."""
        line = self.picture.marked_instrument
        if line is not None and line.state == "now":
            self.do_list()
        elif line is not None:
            self._by_tag("assess.instrument" if line.state == "open" else "assess.reopen")

    def do_list(self) -> None:
        """The list, or back to the open instrument."""
        self._show(replace(self.picture, listing=not self.picture.listing, instrument=None))

    def do_finish(self) -> None:
        """Finish the open instrument; with something missing it asks why."""
        self._by_tag("assess.close_part" if incomplete(self.picture) else "assess.close_whole")

    def do_accept(self) -> None:
        """Accept the marked trial or response."""
        self._by_tag("capture.judge" if self._on_trials else "pulse.judge")

    def do_reject(self) -> None:
        """Reject the marked trial or response, with a reason."""
        self._by_tag("capture.reject" if self._on_trials else "pulse.reject")

    def do_repeat(self) -> None:
        """Reject the marked trial or response so that it is repeated."""
        self._by_tag("capture.repeat" if self._on_trials else "pulse.repeat")

    def do_end(self) -> None:
        """End the recording, or the pulses for today."""
        self._by_tag("capture.stop" if self._on_trials else "run.end")

    @property
    def _on_trials(self) -> bool:
        return body_kind(self.picture) == "capture"

    def do_scale(self) -> None:
        """The next scale of the live picture: of balance, or of the EMG."""
        picture = self.picture
        if picture.capture is not None and picture.capture.live == "knee":
            self._show(replace(picture, emg_range=picture.emg_range + 1))
        else:
            self._show(replace(picture, zoom=picture.zoom + 1))

    def do_feedback(self) -> None:
        """Hide the balance picture from the participant, or show it again."""
        self._show(replace(self.picture, feedback=not self.picture.feedback))

    # what the bodies say

    def on_instruments_body_marked(self, message: Message) -> None:
        """Keep which instrument is marked."""
        self._show(replace(self.picture, instrument=getattr(message, "instrument", None)))

    def on_capture_body_marked(self, message: Message) -> None:
        """Keep which task and which trial are marked."""
        task, trial = getattr(message, "task", None), getattr(message, "trial", None)
        self._show(replace(self.picture, task=task, trial=trial))

    def on_capture_body_cued(self, message: Message) -> None:
        """Give the cue of that digit."""
        self.send(commands.GiveCue(cue=str(getattr(message, "cue", ""))))

    def on_scale_body_said(self, message: Message) -> None:
        """Say it in the line of notices."""
        message.stop()
        self.say(str(getattr(message, "words", "")))

    # a participant seen for the first time

    def _record_first(self, command: AnyCommand) -> Ask:
        """The form for the full record; `command` is sent again after it."""
        self._after_record = command
        if isinstance(command, OpenAssessment | OpenVisit):
            return enrolment(command.participant, command.second_identifier)
        return enrolment("", "")

    def _go_on_after(self, command: AnyCommand, reply: Reply) -> None:
        """Open what was asked for before the record was there, for the number that was entered in it."""
        waiting = self._after_record
        if not isinstance(command, EnrolParticipant) or not reply.ok or waiting is None:
            return
        self._after_record = None
        if isinstance(waiting, OpenAssessment | OpenVisit):
            second = command.second_identifier
            self.send(replace(waiting, participant=command.participant, second_identifier=second))


def settled(before: Picture, now: Picture) -> Picture:
    """What was marked lapses with what it was marked in; a trial's result comes up until it is judged."""
    if _opened(before) != _opened(now) or before.step_id != now.step_id:
        now = replace(now, listing=False, instrument=None, task=None, trial=None, plot=_has_result(now), walk="")
    was, is_now = _moment(before), _moment(now)
    if was != is_now and was[0] == is_now[0]:
        task = now.task if was[1] == is_now[1] else None
        now = replace(now, task=task, trial=None, plot=_asks(now), walk="")
    return now


def _opened(picture: Picture) -> str:
    part = picture.form or picture.capture
    return part.id if part else ""


def _moment(picture: Picture) -> tuple[str, str, tuple[str, ...]]:
    capture = picture.capture
    return (capture.id, capture.state, tuple(line.state for line in capture.done)) if capture else ("", "", ())


def _asks(picture: Picture) -> bool:
    """Whether a trial's result waits for a judgement; once it is given, the live picture comes back."""
    capture = picture.capture
    return capture is not None and capture.result is not None and any(line.state == "analysed" for line in capture.done)


def _has_result(picture: Picture) -> bool:
    if picture.capture is not None:
        return _asks(picture)
    return picture.form is None and picture.assess is not None and picture.assess.result is not None
