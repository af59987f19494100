"""A MagPro that follows a script: polls are answered from its state, every other command must be the script's next."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import Flags, Page, StreamParser, encode_frame
from tests.helpers.far_ends import FarEnd


def flags(*, enabled: bool = False, mode: int = 0, waveform: int = 1, model: int = 1) -> Flags:
    return Flags.of(mode=mode, waveform=waveform, enabled=enabled, model=model)


STATUS = wire.LongStatus(flags(), 0xFE0102, 31, 60, 20, 0, 20, 0, 100, 0, int(Page.MAIN), False)


@dataclass(frozen=True)
class Turn:
    """The driver sends `sent`; the device then changes `status` and sends `replies`."""

    sent: bytes
    replies: tuple[wire.Message | bytes, ...] = ()
    status: dict[str, object] = field(default_factory=dict)


class Conversation:
    """The script, and what went beside it. `total` None: the counter query is unknown to this device."""

    def __init__(self, end: FarEnd, *turns: Turn, status: wire.LongStatus = STATUS, total: int | None = 1000) -> None:
        self.turns = list(turns)
        self.unexpected: list[bytes] = []
        self.status = status
        self.total = total
        self.polls = 0
        self.silent = False
        self.ignores: set[bytes] = set()
        self.offs = 0
        self._end = end
        self._parser = StreamParser()
        end.on_bytes = self._on_bytes

    def say(self, *messages: wire.Message | bytes) -> None:
        for message in messages:
            self._end.send(encode_frame(message if isinstance(message, bytes) else wire.encode(message)))

    def change(self, **status: object) -> None:
        self.status = replace(self.status, **status)

    def finished(self) -> None:
        """Leftovers on either side fail."""
        assert not self.unexpected, f"not in the script: {[body.hex(' ') for body in self.unexpected]}"
        assert not self.turns, f"never sent: {[turn.sent.hex(' ') for turn in self.turns]}"

    def _on_bytes(self, data: bytes) -> None:
        for body in self._parser.feed(data):
            if not self.silent and body not in self.ignores:
                self._answer(body)
        assert self._parser.dropped == 0, "the driver wrote something that is no frame"

    def _answer(self, body: bytes) -> None:
        if body == commands.LONG_STATUS:
            self.polls += 1
            self.say(self.status)
        elif body == commands.READ_COUNTERS:
            if self.total is not None:
                self.say(wire.CounterReport(1, self.total, 0, self.status.page))
        elif self.turns and self.turns[0].sent == body:
            turn = self.turns.pop(0)
            self.change(**turn.status)
            self.say(*turn.replies)
        elif body == commands.DISABLE:
            self.offs += 1
            self.change(flags=flags(enabled=False), running=False)
            self.say(wire.AmplitudeReport(self.status.amplitude_a, 0, self.status.flags))
        else:
            self.unexpected.append(body)


MakeConversation = Callable[..., Conversation]
