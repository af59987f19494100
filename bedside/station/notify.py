"""What the service manager and the station say to each other: readiness, status, watchdog, handed-over sockets.

The protocols are those of sd_notify(3), sd_watchdog_enabled(3) and sd_listen_fds(3). The manager names the process
it started, which is the guard; the station is the guard's child, so both process ids are taken as ours.
"""

import os
import socket
from collections.abc import Collection, Mapping

FIRST_FD = 3


def family() -> tuple[int, int]:
    """The process ids under which the service manager may know this process: its own and its parent's."""
    return os.getpid(), os.getppid()


def notify(*assignments: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Send `READY=1`, `STATUS=...`, `WATCHDOG=1`, `STOPPING=1` and the like in one datagram.

    Returns whether there was a manager to tell. A manager that does not listen any more is no reason to fail:
    the answer is False then too. Never blocks.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    message = "\n".join(line.replace("\n", " ") for line in assignments).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        channel.setblocking(False)
        try:
            channel.sendto(message, address)
        except OSError:
            return False
    return True


def watchdog_interval_s(environ: Mapping[str, str] = os.environ, pids: Collection[int] | None = None) -> float | None:
    """How often `WATCHDOG=1` is to be sent: a third of the manager's limit in seconds, or None when nobody watches."""
    limit_us = environ.get("WATCHDOG_USEC", "")
    if not limit_us.isdecimal() or int(limit_us) == 0 or not _is_for(environ.get("WATCHDOG_PID"), pids):
        return None
    return int(limit_us) / 3e6


def listen_sockets(
    environ: Mapping[str, str] = os.environ, pids: Collection[int] | None = None, first_fd: int = FIRST_FD
) -> dict[str, socket.socket]:
    """The listening sockets handed over by the manager, by `FileDescriptorName=`; empty when started by hand.

    The descriptors become non-blocking and are not inherited by children. Raises `ValueError` when the number of
    names and of descriptors differ, and `OSError` when a descriptor is not an open socket.
    """
    count = environ.get("LISTEN_FDS", "")
    if not count.isdecimal() or not _is_for(environ.get("LISTEN_PID"), pids):
        return {}
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    if len(names) != int(count):
        raise ValueError(f"LISTEN_FDS={count} but LISTEN_FDNAMES names {len(names)} (set FileDescriptorName= per unit)")
    return {name: _adopt(first_fd + index) for index, name in enumerate(names)}


def _is_for(pid: str | None, pids: Collection[int] | None) -> bool:
    return pid is None or pid in {str(known) for known in (family() if pids is None else pids)}


def _adopt(fd: int) -> socket.socket:
    adopted = socket.socket(fileno=fd)
    adopted.setblocking(False)
    os.set_inheritable(fd, False)
    return adopted
