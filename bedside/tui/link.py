"""The reader: hears the station, keeps only the newest snapshot, reconnects by itself, sends what is asked."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bedside.commands import AnyCommand, ImportTrial, Stop
from bedside.events import Role
from bedside.snapshot import Snapshot
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import Goodbye, Live, Reply, Request, ServerMessage, SnapshotMessage, Sweep, Wave
from bedside.tui.picture import EMPTY, LinkState

SILENT_AFTER_S = 2.0
RETRY_S = 0.5
REPLY_WITHIN_S, READ_WITHIN_S = 5.0, 60.0
"""For an answer, and for one behind a whole table that is read first."""
OWED_STOP_S = 10.0
KEPT_WAVES = 400
KEPT_SWEEPS = 12
KEPT_LIVES = 200


class Link:
    """One screen's connection to the station.

    `on_heard` is called after each message that changes the picture, in the event loop. `clock` gives monotonic
    seconds. Waves, sweeps and live values are kept as they came until
    something draws them; `live_s` says when each stream was last heard.
    """

    def __init__(self, folder: Path, role: Role, clock: Callable[[], float], on_heard: Callable[[], None]) -> None:
        self.snapshot: Snapshot = EMPTY
        self.waves: deque[tuple[int, Wave]] = deque(maxlen=KEPT_WAVES)
        self.sweeps: deque[Sweep] = deque(maxlen=KEPT_SWEEPS)
        self.lives: deque[tuple[int, Live]] = deque(maxlen=KEPT_LIVES)
        self.live_s = dict.fromkeys(("cop", "knee", "feet"), float("-inf"))
        self.heard_s = clock()
        self._folder = folder
        self._role = role
        self._clock = clock
        self._on_heard = on_heard
        self._client: StationClient | None = None
        self._trouble = "waiting for the station"
        self._snapshot_s = clock()
        self._lost_s = clock()
        self._ever = False
        self._wave_count = 0
        self._live_count = 0
        self._stop_owed_s: float | None = None

    @property
    def snapshot_age_s(self) -> float:
        """Seconds since the snapshot was heard."""
        return max(self._clock() - self._snapshot_s, 0.0)

    def state(self) -> LinkState:
        """Whether the station answers now; a connection that says nothing for two seconds does not."""
        now_s = self._clock()
        client = self._client
        if client is None:
            return LinkState(trouble=self._trouble, silent_s=now_s - self._lost_s, ever=self._ever)
        silent_s = now_s - self.heard_s
        up = silent_s <= SILENT_AFTER_S
        trouble = "" if up else "the station is connected and says nothing"
        return LinkState(up=up, client=client.hello.client, trouble=trouble, silent_s=silent_s, ever=self._ever)

    async def run(self) -> None:
        """Connect and listen, again and again, until cancelled."""
        while True:
            try:
                await self._session()
            except StationGone as error:
                self._lose(str(error))
            await asyncio.sleep(RETRY_S)

    async def _session(self) -> None:
        client = await StationClient.connect(self._folder, self._role)
        try:
            self._client = client
            self._hear()
            self._pay_owed_stop(client)
            async for message in client.messages():
                self._take(message)
        finally:
            self._client = None
            with suppress(OSError):
                await client.close()

    def _hear(self) -> None:
        self.heard_s = self._clock()
        self._on_heard()

    def _lose(self, trouble: str) -> None:
        if self._trouble != trouble or self._lost_s < self.heard_s:
            self._lost_s = self._clock()
        self._trouble = trouble
        self._on_heard()

    def _take(self, message: ServerMessage) -> None:
        if isinstance(message, SnapshotMessage):
            self.snapshot = message.snapshot
            self._snapshot_s = self._clock()
            self._ever = True
        elif isinstance(message, Wave):
            self._wave_count += 1
            self.waves.append((self._wave_count, message))
        elif isinstance(message, Sweep):
            self.sweeps.append(message)
        elif isinstance(message, Live):
            self._live_count += 1
            self.lives.append((self._live_count, message))
            self.live_s[message.stream] = self._clock()
        elif isinstance(message, Goodbye):
            raise StationGone(f"the station said goodbye: {message.reason}")
        self.heard_s = self._clock()
        if not isinstance(message, Wave | Live):
            self._on_heard()

    def live_age_s(self, stream: str) -> float:
        """Seconds since live values of a stream were heard; infinite for one that never was."""
        return self._clock() - self.live_s[stream]

    def beat(self) -> None:
        """Say that this screen is alive; called from the painting loop only, so that a frozen screen falls silent."""
        if self._client is not None and self._role == "control":
            with suppress(StationGone):
                self._client.beat()

    async def ask(self, command: AnyCommand, *, expect: int | None = None) -> Reply:
        """Send a command and wait for the answer; trouble on the way is an answer too."""
        client = self._client
        if client is None:
            return self._not_sent(command)
        try:
            async with asyncio.timeout(READ_WITHIN_S if isinstance(command, ImportTrial) else REPLY_WITHIN_S):
                return await client.ask(command, expect=expect)
        except (StationGone, TimeoutError) as error:
            reason = str(error) or "the station did not answer in time"
            return Reply(id=0, ok=False, reason=reason, remedy="look at the device before you repeat it")

    def _not_sent(self, command: AnyCommand) -> Reply:
        if isinstance(command, Stop):
            self._stop_owed_s = self._clock()
            return Reply(id=0, ok=False, reason="STOP NOT SENT", remedy="use the stimulator's own stop button")
        return Reply(id=0, ok=False, reason="not sent: the station does not answer", remedy=self._trouble)

    def _pay_owed_stop(self, client: StationClient) -> None:
        owed_s, self._stop_owed_s = self._stop_owed_s, None
        if owed_s is not None and self._clock() - owed_s <= OWED_STOP_S:
            command = Stop(reason="STOP key, pressed while the station did not answer")
            client.send(Request(id=0, command=command))
