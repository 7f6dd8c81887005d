"""Listening sockets that the service manager made and hands over when it starts the daemon.

The protocol is systemd's: ``LISTEN_FDS`` descriptors from 3 on, meant for the process ``LISTEN_PID``, called as
``LISTEN_FDNAMES`` says. The sockets stay the manager's: nobody here removes them or changes their mode.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping, MutableMapping

from twisted.logger import Logger

from bridge.sockets import ListeningSocket, SocketError, adopt

__all__ = ["NAMES", "listening", "offered", "take"]

NAMES = ("bridge", "admin")
"""What descriptors may be called; without names they come in this order."""

log = Logger()

FIRST = 3
"""The number of the first descriptor."""

_VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")


def offered(environ: Mapping[str, str], pid: int) -> dict[str, int]:
    """Return the descriptors that are meant for the process ``pid``, by name, and look at nothing but the variables.

    Raises:
        SocketError: the variables make no sense, or a name is none of :data:`NAMES`.
    """
    count, for_pid = environ.get("LISTEN_FDS", ""), environ.get("LISTEN_PID", "")
    if not count or for_pid != str(pid):  # left over by a parent that they were meant for
        return {}
    if not (count.isascii() and count.isdigit()):
        raise SocketError(f"LISTEN_FDS must be a number, not {count!r}")
    if int(count) > len(NAMES):
        raise SocketError(f"{int(count)} sockets were handed over; the daemon has only {' and '.join(NAMES)}")
    names = list(NAMES[: int(count)])
    if "LISTEN_FDNAMES" in environ:
        names = environ["LISTEN_FDNAMES"].split(":")
    if len(names) != int(count):
        raise SocketError(f"LISTEN_FDNAMES has {len(names)} names for {int(count)} sockets")
    found: dict[str, int] = {}
    for number, name in enumerate(names, FIRST):
        if name not in NAMES:
            raise SocketError(
                f"the socket handed over as descriptor {number} is called {name!r}; its unit needs "
                "FileDescriptorName=bridge or FileDescriptorName=admin"
            )
        if name in found:
            raise SocketError(f"two sockets called {name!r} were handed over")
        found[name] = number
    return found


def take(environ: MutableMapping[str, str], pid: int) -> dict[str, socket.socket]:
    """Return the sockets that were handed over, by name, and remove the variables: they are nobody else's.

    Raises:
        SocketError: as :func:`offered`; or a descriptor is not a Unix stream socket that listens.
    """
    taken: dict[str, socket.socket] = {}
    try:
        for name, number in offered(environ, pid).items():
            taken[name] = _listening(name, number)
    except SocketError:
        for each in taken.values():
            each.close()
        raise
    finally:
        for variable in _VARIABLES:
            environ.pop(variable, None)
    return taken


def listening(
    handed: Mapping[str, socket.socket], name: str, path: str, make: Callable[[], ListeningSocket]
) -> ListeningSocket:
    """Return the socket called ``name``: the one that was handed over, or else what ``make`` makes.

    Args:
        handed: what :func:`take` returned.
        path: what the settings say of its place.

    Raises:
        SocketError: another daemon serves there, or it cannot be made.
    """
    if name not in handed:
        return make()
    adopted = adopt(handed[name], path)
    log.info("The service manager has handed over {path} ({name})", path=adopted.path, name=name)
    if adopted.path != path:
        log.warn(
            "The {name} socket is {path}, as the service manager made it, and not {setting}, as the settings say",
            name=name,
            path=adopted.path,
            setting=path,
        )
    return adopted


def _listening(name: str, number: int) -> socket.socket:
    what = f"the socket handed over as {name!r} (descriptor {number})"
    try:
        found = socket.socket(fileno=number)
    except OSError as error:
        raise SocketError(f"{what} is no socket: {error.strerror}") from None
    try:
        if found.family != socket.AF_UNIX or found.type != socket.SOCK_STREAM:
            raise SocketError(f"{what} is not a Unix stream socket; its unit needs ListenStream=/a/path")
        if not found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            raise SocketError(f"{what} does not listen; its unit needs Accept=no")
    except SocketError:
        found.close()
        raise
    os.set_inheritable(number, False)  # worker processes have no use for it
    found.setblocking(False)
    return found
