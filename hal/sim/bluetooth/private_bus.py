"""A D-Bus daemon of our own, so that a simulated Bluetooth service needs neither root nor the system's bus."""

import contextlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Literal

CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    {extra}
  </policy>
</busconfig>
"""
DENIED = '<deny send_destination="org.bluez"/>'
MAX_SOCKET_BYTES = 100
"""Linux takes 107 bytes of a Unix socket's path."""


class BusError(OSError):
    """The private D-Bus cannot be started."""


class PrivateBus:
    """One `dbus-daemon`; its files lie in a temporary folder of their own within `folder` (or /tmp: short paths).

    `policy` "denied" refuses every call to the Bluetooth service, as a system's policy may.
    """

    def __init__(self, folder: Path, *, policy: Literal["open", "denied"] = "open") -> None:
        fits = len(str(folder)) < MAX_SOCKET_BYTES - len("/bus-12345678/socket")
        self._folder = Path(tempfile.mkdtemp(prefix="bus-", dir=folder if fits else None))
        self._policy = policy
        self._daemon: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        """What goes into `DBUS_SYSTEM_BUS_ADDRESS`; the same after a stop and a start."""
        return f"unix:path={self._folder / 'socket'}"

    @property
    def pid(self) -> int | None:
        """The daemon's process, None while it does not run."""
        return self._daemon.pid if self._daemon is not None else None

    def start(self) -> None:
        """Start, and return once it listens; raises `BusError` naming what is missing."""
        daemon = shutil.which("dbus-daemon")
        if daemon is None:
            raise BusError("simulated Bluetooth needs the program dbus-daemon: install the package dbus-daemon (dbus)")
        config = self._folder / "bus.conf"
        extra = DENIED if self._policy == "denied" else ""
        config.write_text(CONFIG.format(socket=self._folder / "socket", extra=extra))
        command = [daemon, f"--config-file={config}", "--nofork", "--nopidfile", "--print-address=1"]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "TERM", *command]
        log = self._folder / "log"
        with log.open("w") as errors:
            self._daemon = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        if not (self._daemon.stdout and self._daemon.stdout.readline()):
            self.stop()
            raise BusError(f"the private D-Bus did not start: {log.read_text().strip()}")

    def stop(self) -> None:
        """End the daemon and every connection to it; safe to call twice, and `start` may follow."""
        daemon, self._daemon = self._daemon, None
        if daemon is None:
            return
        daemon.terminate()
        daemon.communicate()
        (self._folder / "socket").unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        self.stop()
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)

    def __enter__(self) -> "PrivateBus":
        try:
            self.start()
        except BusError:
            self.remove()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()
