"""Answers by keys: they go on at once, and what finishes them waits until the station has them all."""

from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from bedside import commands
from bedside.commands import AnyCommand
from bedside.events import Value
from bedside.snapshot import Item, Step
from bedside.station.wire import Reply
from bedside.tui import underway
from bedside.tui.nextoffer import FINISHING, next_offer
from bedside.tui.picture import Picture
from bedside.tui.underway import Sent


class Waiting(msgspec.Struct, frozen=True):
    """A key that finishes what was answered: its `action` and its own `key`, and what it finishes."""

    action: str
    key: str
    finishes: tuple[str, str, str]


class AnswerKeys:
    """The app's methods for what is answered by keys; the app brings the rest."""

    picture: Picture
    _clock: Callable[[], float]
    _last_key = ""
    _rest_s = float("inf")
    _count = 0
    _waiting: Waiting | None = None
    _taken_back = ("", "", "")

    def _show(self, picture: Picture) -> None:
        raise NotImplementedError

    def _renew(self) -> None:
        raise NotImplementedError

    def say(self, words: str) -> None:
        """Show a short message."""
        raise NotImplementedError

    def send(self, command: AnyCommand) -> None:
        """Ask the station."""
        raise NotImplementedError

    def action_do(self, name: str) -> None:
        """Do what a key stands for."""
        raise NotImplementedError

    def _answer(self, step: Step, item: Item, value: Value) -> None:
        self.send(commands.Answer(step=step.id, item=item.id, value=value))

    # answers on their way

    def _given(self, command: AnyCommand) -> Sent | None:
        """Count an answer as given from the moment it is sent."""
        self._count += 1
        given = underway.sent(command, self._count, self._clock())
        if given is not None:
            self._show(replace(self.picture, underway=(*self.picture.underway, given)))
        return given

    def _replied(self, given: Sent, reply: Reply) -> None:
        """Keep an answer until a picture has it, or take it back with the station's words."""
        if reply.ok:
            self.picture = replace(self.picture, underway=underway.kept(self.picture.underway, given.number, reply.n))
            self._renew()
        else:
            self._take_back(given, f"{reply.reason}{': ' if reply.remedy else ''}{reply.remedy}")

    def _take_back(self, given: Sent, why: str) -> None:
        self._waiting = None
        self._taken_back = (given.place, given.code, f"{given.code} not kept: {why}")
        self._show(replace(self.picture, underway=underway.without(self.picture.underway, given.number)))
        self.say(self._taken_back[-1])

    def _ends(self, notice: str, given: Sent | None) -> bool:
        """Whether a yes ends what was said when it was asked for: of an answer, only the yes to that answer."""
        if not notice or self.picture.notice != notice:
            return False
        *answer, words = self._taken_back
        return given is None or notice != words or answer == [given.place, given.code]

    def _settle_answers(self) -> None:
        """Take back what no picture shows in time; once none is on its way, press what waited for that."""
        for given in underway.late(self.picture.underway, self._clock()):
            self._take_back(given, "the station does not show it; give it again")
        waiting = self._waiting
        if waiting is None or self.picture.underway:
            return
        self._waiting, self._rest_s = None, float("inf")
        self.say("")
        if waiting.finishes == self._finishes(waiting.action):
            self.action_do(waiting.action)

    # what finishes them

    def _waits(self, action: str) -> bool:
        """Whether this press waits for answers on their way; it is done as soon as the station has them."""
        finishes = self._finishes(action)
        if not self.picture.underway or finishes is None:
            return False
        self._waiting = Waiting(action, self._last_key, finishes)
        self.say(f"{underway.words(self.picture.underway)}: it goes on once the station has it all")
        return True

    def _finishes(self, action: str) -> tuple[str, str, str] | None:
        """What a key finishes now: its command, the step, the scale; None for a key that finishes nothing."""
        offer = next_offer(self.picture) if action == "next" else None
        command = "assess.close" if action == "finish" else offer.command if offer is not None else ""
        form = self.picture.form
        return (command, self.picture.step_id, form.id if form else "") if command in FINISHING else None

    def _forget_waiting(self, key: str) -> None:
        """Another key comes first: the press that waited is over."""
        if self._waiting is not None and key != self._waiting.key:
            self._waiting = None
            self.say("")
