"""The app: it wires link, picture, keys and screens together and decides nothing."""

import asyncio
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace
from rich.segment import Segments
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message

from bedside import commands
from bedside.commands import AnyCommand, Stop, StopBelt, name_of
from bedside.events import Role
from bedside.tui.actions import ACTIONS, BY_ID, for_role
from bedside.tui.answerkeys import AnswerKeys
from bedside.tui.arming import HELD_S, REPEAT_S, Armed, DoublePress, HeldKeys
from bedside.tui.assesskeys import AssessKeys, is_new, settled
from bedside.tui.beltkeys import BY_HAND, after_stop, belt_of
from bedside.tui.deedkinds import Ask, Deed, Local, Open, Send
from bedside.tui.deeds import DEEDS
from bedside.tui.glyphs import ladder_for
from bedside.tui.link import Link
from bedside.tui.nextoffer import next_offer
from bedside.tui.picture import Picture
from bedside.tui.screens.main import MainScreen, later
from bedside.tui.theme import BEDSIDE_THEME, palette_for
from bedside.tui.underway import Sent, still
from bedside.tui.walkorder import next_view

TICK_S = 0.25
NOTICE_S = 8.0
STOP_EVERY_S = 0.2
BELT_STOP_EVERY_S = 1.0
REPEATABLE = frozenset(
    {"up", "down", "left", "right", "pageup", "pagedown", "backspace", "delete", "home", "end", "tab"}
)
STEP_BOUND = frozenset(
    {"step.next", "step.back", "pulse.fire", "run.start", "run.resume", "threshold.accept", "belt.start"}
)


class Heard(Message):
    """The station said something; many of these are as good as one."""

    def can_replace(self, message: Message) -> bool:
        """Coalesce."""
        return isinstance(message, Heard)


class BedsideApp(AssessKeys, AnswerKeys, App[None], inherit_bindings=False):
    """The kiosk and the watcher's screen: the same widgets, another role.

    `run_folder` holds the station's sockets; `clock` gives monotonic seconds; `environment` stands for the process's.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = Path(__file__).with_name("bedside.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(",".join(action.keys), f"do('{action.id}')", action.label, show=False, priority=action.priority)
        for action in ACTIONS
    ]

    def __init__(
        self,
        run_folder: Path,
        role: Role,
        *,
        clock: Callable[[], float] = time.monotonic,
        environment: Mapping[str, str] | None = None,
        can_quit: bool = True,
        hint: str = "",
    ) -> None:
        super().__init__()
        self.environment = os.environ if environment is None else environment
        self._clock = clock
        self.link = Link(run_folder, role, clock, self._heard)
        self.picture = Picture(role=role, can_quit=can_quit, hint=hint)
        self._held = HeldKeys()
        self._escapes = DoublePress()
        self._notice_until_s = 0.0
        self._stop_sent_s = self._belt_stop_sent_s = float("-inf")
        self._flashing = self.environment.get("BEDSIDE_FLASH", "on") != "off"

    # life

    def get_default_screen(self) -> MainScreen:
        """The main screen from the start: pushing it later would cost a paint and a wait."""
        return MainScreen(self.link, ladder_for(self.environment), self._answer, self.send, flashing=self._flashing)

    def on_mount(self) -> None:
        """Show the first screen, then listen."""
        self.register_theme(BEDSIDE_THEME)
        rich = palette_for(self.console.color_system, self.environment.get("TERM", "")) == "rich"
        self.theme = "bedside" if rich else "ansi-dark"
        self.run_worker(self.link.run(), name="link", group="link")
        self.set_interval(TICK_S, self._tick)
        if not self.is_headless:
            self._watch_terminal()

    def _watch_terminal(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.exit)
        self.set_interval(1.0, self._leave_a_dead_terminal)

    def _leave_a_dead_terminal(self) -> None:
        stdin = sys.__stdin__
        if stdin is None or not os.isatty(stdin.fileno()):
            self.exit(return_code=1)

    def _fatal_error(self) -> None:
        """Say what went wrong without local variables: they may hold a participant's code or a PIN."""
        trace = importlib.import_module("rich.traceback").Traceback(show_locals=False, width=None)
        self._exit_renderables.append(Segments(self.console.render(trace, self.console.options)))
        self._close_messages_no_wait()

    # picture

    def _heard(self) -> None:
        self.post_message(Heard())

    def on_heard(self) -> None:
        """Make a new picture from what the station said."""
        self._renew()

    def _tick(self) -> None:
        self.link.beat()
        if self.picture.notice and self._clock() > self._notice_until_s:
            self.picture = replace(self.picture, notice="")
        self._renew()

    def _renew(self) -> None:
        before, snapshot, now_s = self.picture, self.link.snapshot, self._clock()
        armed = before.armed if before.armed and now_s < before.armed.until_s else None
        picture = replace(
            before,
            snapshot=snapshot,
            link=self.link.state(),
            age_s=self.link.snapshot_age_s,
            now_s=now_s,
            armed=armed if armed and armed.step == (snapshot.step.id if snapshot.step else "") else None,
            underway=still(before.underway, snapshot.n),
        )
        if picture.step_id != before.step_id or _trials(picture) != _trials(before):
            picture = replace(picture, site=None if picture.step_id != before.step_id else picture.site, pulse=None)
        self._show(settled(before, picture))
        self._settle_answers()

    def _show(self, picture: Picture) -> None:
        self.picture = picture
        with self.batch_update():
            for screen in self.screen_stack:
                show = getattr(screen, "show", None)
                if show is not None and screen.is_mounted:
                    show(picture)

    def say(self, words: str) -> None:
        """Show a short message under the next action for some seconds."""
        self._notice_until_s = self._clock() + NOTICE_S
        self._show(replace(self.picture, notice=words))

    # keys

    async def on_event(self, event: events.Event) -> None:
        """Look at every key before anything else does: Escape twice is STOP, and a held key counts once."""
        if isinstance(event, events.Key) and not event.is_forwarded:
            now_s = self._clock()
            if event.key == "escape" and self._escapes.press(now_s):
                self._stop("Escape twice")
            self._rest_s, self._last_key = self._held.rest_s(event.key, now_s), event.key
            self._forget_waiting(event.key)
            if self._rest_s < REPEAT_S and not self._may_repeat(event.key):
                self._drop(event)
                return
            self._dropped = ""
        await super().on_event(event)

    _dropped = ""

    def _drop(self, event: events.Key) -> None:
        """Take it for a held key; where keys are answers, say so once for as long as it is held."""
        if event.is_printable and getattr(self.focused, "takes_answers", False) and event.key != self._dropped:
            self.say(f"{event.character} again within {REPEAT_S:g} s: taken as one press; press it again")
        self._dropped = event.key

    def _may_repeat(self, key: str) -> bool:
        stops = key in {"f12", "S", "escape"} or (key == "f7" and belt_of(self.picture) is not None)
        return stops or key in REPEATABLE or self._typing

    @property
    def _typing(self) -> bool:
        return getattr(self.focused, "takes_text", False)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Which keys exist now; letters belong to the text while one types."""
        if action != "do":
            return True
        chosen = BY_ID[str(parameters[0])]
        printable = len(chosen.shows) == 1 or chosen.id == "pause"
        if self._typing and printable:
            return False
        return chosen in for_role(self.picture.role) and chosen.state(self.picture) is not None

    def action_do(self, name: str) -> None:
        """Do what a key stands for, or say why not."""
        self._renew()
        action = BY_ID[name]
        if name in {"stop", "stop_letter"}:
            self._stop("STOP key")
            return
        if self._waits(name):
            return
        refusal = action.state(self.picture)
        if refusal:
            self.say(refusal if name == "next" else f"{action.label}: {refusal}")
        else:
            self._perform(action.deed, name)

    def _perform(self, deed: Deed, tag: str) -> None:
        if isinstance(deed, Local):
            getattr(self, deed.method)()
        elif isinstance(deed, Open):
            self.push_screen(later("page").page(deed.page, self.picture, flashing=self._flashing))
        elif isinstance(deed, Ask):
            self._ask_person(deed)
        else:
            self._perform_send(deed, tag)

    def _ask_person(self, deed: Ask) -> None:
        self.push_screen(later("dialog").Dialog(deed, self.picture, flashing=self._flashing), self._send_if_given)

    def _perform_send(self, deed: Send, tag: str) -> None:
        if self._rest_s < HELD_S:
            return
        if deed.two_step(self.picture) and not self._second_press(deed, tag):
            return
        built = deed.build(self.picture)
        if isinstance(built, str):
            self.say(built)
        else:
            self.send(built)

    def _second_press(self, deed: Send, tag: str) -> bool:
        now_s, step = self._clock(), self.picture.step_id
        armed = self.picture.armed
        ready = armed is not None and armed.holds(tag, step, now_s)
        keep = not ready or deed.rearms
        self._show(replace(self.picture, armed=Armed(tag, step, now_s + deed.arm_s) if keep else None))
        return ready

    def _disarm(self) -> None:
        if self.picture.armed is not None:
            self._show(replace(self.picture, armed=None))

    # what keys do here

    def do_next(self) -> None:
        """The one next action of the step."""
        offer = next_offer(self.picture)
        deed = DEEDS.get(offer.command) if offer else None
        if offer is None or deed is None:
            self.say("nothing to do here at the moment")
        else:
            self._perform(deed, offer.command)

    def do_pause(self) -> None:
        """Pause the treatment's pulses, or single pulses that come by themselves."""
        hunt = self.picture.hunt
        self._disarm()
        if hunt is not None and hunt.pacing:
            self.send(commands.SetPacing(automatic=False))
        else:
            self.send(commands.PauseStimulation(reason="therapist"))

    def do_take(self) -> None:
        """Take the marked site as the hotspot, or the present estimate as the threshold."""
        tag = "threshold.accept" if self.picture.step_id == "threshold" else "hotspot.choose"
        self._perform(DEEDS[tag], tag)

    def do_emergency(self) -> None:
        """The emergency card; from beside the patient it stops stimulation, whatever the state."""
        if self.picture.acts:
            self._stop("emergency card opened")
        self.push_screen(later("page").EmergencyCard(self.picture, flashing=self._flashing))

    def do_stop_belt(self) -> None:
        """Stop the belt; a held key asks once a second."""
        now_s = self._clock()
        self._disarm()
        if now_s - self._belt_stop_sent_s >= BELT_STOP_EVERY_S:
            self._belt_stop_sent_s = now_s
            self.send(StopBelt())

    def do_privacy(self) -> None:
        """Hide, or show again."""
        self._show(replace(self.picture, private=not self.picture.private))

    def do_plot(self) -> None:
        """The next picture of the same thing: plot or responses, a result, the walk behind it."""
        self._show(next_view(self.picture))

    def do_quit(self) -> None:
        """Close this screen."""
        self.exit()

    def on_hunt_body_marked(self, message: Message) -> None:
        """Keep what the person marked."""
        site, pulse = getattr(message, "site", None), getattr(message, "pulse", None)
        self._show(replace(self.picture, site=site, pulse=pulse))

    # asking the station

    def _send_if_given(self, command: AnyCommand | None) -> None:
        if command is not None:
            self.send(command)

    def _stop(self, reason: str) -> None:
        now_s = self._clock()
        self._disarm()
        if now_s - self._stop_sent_s >= STOP_EVERY_S:
            self._stop_sent_s = now_s
            self.send(Stop(reason=reason))

    def send(self, command: AnyCommand) -> None:
        """Ask the station, and show what it answered when it was no; a yes ends what an earlier no had said."""
        given, notice = self._given(command), self.picture.notice
        self.run_worker(self._ask(command, given, notice), group="asks", name=name_of(command))

    async def _ask(self, command: AnyCommand, given: Sent | None, notice: str) -> None:
        expect = self.picture.snapshot.n if name_of(command) in STEP_BOUND else None
        reply = await self.link.ask(command, expect=expect)
        self._go_on_after(command, reply)
        if given is not None:
            self._replied(given, reply)
        if is_new(command, reply):
            self._ask_person(self._record_first(command))
        elif isinstance(command, StopBelt) and not reply.ok:
            self.say(f"BELT STOP NOT CARRIED OUT: {BY_HAND} ({reply.reason})")
        elif not reply.ok and given is None:
            self.say(f"{reply.reason}{': ' if reply.remedy else ''}{reply.remedy}")
        elif isinstance(command, Stop):
            self.say(f"STOP sent: the station answered{after_stop(self.picture)}")
        elif isinstance(command, StopBelt):
            self.say("belt stop sent: watch the belt until it stands")
        elif reply.ok and self._ends(notice, given):
            self.say("")


def _trials(picture: Picture) -> int:
    return len(picture.hunt.trials) if picture.hunt else 0


def run_app(run_folder: Path, role: Role, *, can_quit: bool = True, hint: str = "") -> int:
    """Run until it is closed; returns the exit code."""
    if not sys.stdin.isatty():
        print("bedside: this screen needs a terminal; run it in one", file=sys.stderr)  # noqa: T201
        return 2
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    app = BedsideApp(run_folder, role, can_quit=can_quit, hint=hint)
    with suppress(KeyboardInterrupt):
        app.run(mouse=False)
    return app.return_code or 0
