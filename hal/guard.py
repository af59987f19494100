"""`python -m hal.guard -- COMMAND...`: runs the station and switches stimulators off when it dies or falls silent.

A stimulator without a keepalive goes on pulsing when its computer dies. So the station's parent holds a duplicate of
each stimulator's descriptor and the bytes that switch it off. Standard library only, and short enough to be read whole.

Messages on the socket that `BEDSIDE_GUARD_FD` names, one a packet: `B` beat (echoed, so that the station sees a guard
that hangs), `R` name NUL off-bytes with one descriptor: register or replace, `U` name: forget.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import time

FD_VARIABLE = "BEDSIDE_GUARD_FD"
LATE_S = 0.5
"""A heartbeat later than this is a silent station; it beats every 0.2 s or faster."""
OFF_WRITES = 4
OFF_PAUSE_S = 0.05
PACKET_BYTES = 4096


def say(text: str) -> None:
    """Tell the log."""
    print(f"guard: {text}", file=sys.stderr, flush=True)  # noqa: T201


class Guard:
    """What the guard knows: the registered descriptors and when the station last beat (monotonic seconds)."""

    def __init__(self, station: socket.socket) -> None:
        self.station = station
        self.station.setblocking(False)
        self.devices: dict[str, tuple[int, bytes]] = {}
        self.last_beat_s: float | None = None
        self.is_late = False

    def serve(self, child: "subprocess.Popen[bytes]") -> None:
        """Listen until the station hangs up or ends; then, and whenever it is late, switch off."""
        poller = select.poll()
        poller.register(self.station, select.POLLIN)
        while child.poll() is None:
            poller.poll(100)
            if not self.listen():
                break
            self.check(time.monotonic())
        self.switch_off("the station is gone")

    def listen(self) -> bool:
        """Take what the station sent; False once it hung up."""
        while True:
            try:
                packet, fds, _, _ = socket.recv_fds(self.station, PACKET_BYTES, 4)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not packet:
                return False
            self.take(packet, fds)

    def take(self, packet: bytes, fds: list[int]) -> None:
        """Act on one packet."""
        kind, rest = packet[:1], packet[1:]
        name, _, off = rest.partition(b"\0")
        if kind == b"B":
            self.beat()
        elif kind in (b"R", b"U"):
            self.forget(name.decode(errors="replace"))
            if kind == b"R" and fds:
                self.devices[name.decode(errors="replace")] = (fds.pop(0), off)
                self.last_beat_s = self.last_beat_s or time.monotonic()
        for fd in fds:
            os.close(fd)

    def beat(self) -> None:
        """The station lives."""
        if self.is_late:
            say("the station is back")
        self.is_late, self.last_beat_s = False, time.monotonic()
        try:
            self.station.send(b"B")
        except OSError:
            pass

    def forget(self, name: str) -> None:
        """Drop a device and our duplicate of its descriptor."""
        if name in self.devices:
            os.close(self.devices.pop(name)[0])

    def check(self, now_s: float) -> None:
        """Switch off once per silence of the station."""
        if self.last_beat_s is None or self.is_late or now_s - self.last_beat_s <= LATE_S:
            return
        self.is_late = True
        self.switch_off(f"the station has been silent for {now_s - self.last_beat_s:.2f} s")

    def switch_off(self, why: str) -> None:
        """Write every device's off bytes, several times; one that cannot be written does not hold up the others."""
        failed: dict[str, str] = {}
        for attempt in range(OFF_WRITES if self.devices else 0):
            for name, (fd, off) in self.devices.items():
                try:
                    os.set_blocking(fd, False)
                    os.write(fd, off)
                except OSError as error:
                    failed[name] = error.strerror or str(error)
                else:
                    failed.pop(name, None)
            if attempt == 0:
                say(f"{why}: off to {', '.join(self.devices)}")
            time.sleep(OFF_PAUSE_S)
        for name, reason in failed.items():
            say(f"{name} could NOT be switched off: {reason}; switch it off by hand")


def handed_over() -> range:
    """Descriptors of the service manager's sockets (sd_listen_fds(3)): the station inherits them as they are."""
    count = os.environ.get("LISTEN_FDS", "")
    ours = os.environ.get("LISTEN_PID") == str(os.getpid())
    return range(3, 3 + int(count)) if ours and count.isdecimal() else range(0)


def main(argv: list[str]) -> int:
    """Run the command behind `--` under guard; the status is the command's (128 + n when signal n ended it)."""
    if argv[:1] != ["--"] or len(argv) < 2:
        say("usage: python -m hal.guard -- COMMAND...")
        return 2
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, FD_VARIABLE: str(theirs.fileno())}
    child = subprocess.Popen(argv[1:], env=environment, pass_fds=(theirs.fileno(), *handed_over()))
    theirs.close()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: child.send_signal(received))
    Guard(ours).serve(child)
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
