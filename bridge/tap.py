"""``twistd cpanbridge``: the command's options, and the service made from them.

``makeService`` runs before twistd forks and before it gives up its privileges: it reads and checks, as the user that
the daemon will be, and touches nothing live.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from twisted.application.app import ServerOptions
from twisted.application.service import IService
from twisted.python import usage

from bridge import __version__, activation, sockets
from bridge.configfile import DEFAULT_CONFIG, config_path, load_files
from bridge.logfile import LogFile, LogFileError
from bridge.logfile import preflight as preflight_log
from bridge.settings import SETTINGS, Settings, SettingsError

__all__ = ["Options", "acting_as", "makeService"]

_FLAGS = [setting for setting in SETTINGS if setting.kind is bool]
_PARAMETERS = [setting for setting in SETTINGS if setting.kind is not bool]


def _help(doc: str, unit: str, default: object) -> str:
    shown = ",".join(default) if isinstance(default, tuple) else default
    tail = f" [{shown}{' ' + unit if unit else ''}]" if default is not None else ""
    return doc.rstrip(".") + "." + tail


class Options(usage.Options):
    """The options of ``twistd cpanbridge``: one for each setting, and the file that holds them."""

    synopsis = "[options]"  # twistd puts its own part before it
    longdesc = (
        "Serves Python functions to Perl programs on a Unix socket. Settings come from the command line, else from "
        "CPAN_BRIDGE_* variables, else from the file, else from the defaults shown above in brackets. "
        "'cpanbridge check-config' shows the ones in force. Run it in the foreground with: twistd -n cpanbridge"
    )
    optParameters = [  # noqa: RUF012 - usage.Options wants lists
        ["config", "c", None, f"TOML file with settings. [$CPAN_BRIDGE_CONFIG, else {DEFAULT_CONFIG} if it is there]"],
        *[[option.option, None, None, _help(option.doc, option.unit, option.default)] for option in _PARAMETERS],
    ]
    optFlags = [[option.option, None, option.doc] for option in _FLAGS]  # noqa: RUF012

    def opt_version(self) -> None:
        """Print the version and exit."""
        print(f"cpanbridge {__version__}")  # noqa: T201 - what the option is for
        sys.exit(0)

    def given(self) -> dict[str, object]:
        """Return the values given on the command line, by setting name."""
        values: dict[str, object] = {option.name: self[option.option] for option in _PARAMETERS}
        values.update({option.name: True if self[option.option] else None for option in _FLAGS})
        return values


def makeService(config: Options) -> IService:
    """Return the daemon as a service.

    Raises:
        SystemExit: with every problem of the settings, or with what stands in the way of the socket or the log. Not
            ``usage.UsageError``: at this point twistd shows a traceback for that.
    """
    from twisted.internet import reactor

    from bridge.service import BridgeService

    parent: Any = getattr(config, "parent", None) or {}
    by_twistd = isinstance(parent, ServerOptions)  # else by ``python -m twisted``, which has options of its own
    foreground = not by_twistd or bool(parent["nodaemon"] or parent["debug"])
    logfile = parent.get("logfile")
    given = config.given()
    if logfile:
        given["log"] = logfile
    reload = _loader(config["config"], given)
    try:
        settings, warnings = reload()
        _check_place(settings, parent, foreground=foreground)
    except SettingsError as error:
        raise SystemExit(_sentences("the settings are not valid", error.problems)) from None
    except (sockets.SocketError, LogFileError) as error:
        raise SystemExit(f"cpanbridge: not started: {error}") from None
    # What twist runs is logged to the standard output by twist itself.
    aloud = by_twistd and (settings.log == "-" or (foreground and not logfile))
    log = LogFile(
        None if settings.log == "-" else settings.log, settings.log_level, beside=sys.stdout if aloud else None
    )
    service = BridgeService(
        settings,
        reload=reload,
        config=str(config_path(config["config"], os.environ, os.getcwd())),
        log=log,
        reactor=reactor,
        foreground=foreground,
    )
    for warning in warnings:
        service.log.warn("{warning}", warning=warning)
    if by_twistd and not parent["syslog"] and not parent["logger"]:
        service.observer = log  # twistd begins logging with it; beside others it is added when the daemon starts
    return cast("IService", service)


def _check_place(settings: Settings, parent: Any, *, foreground: bool) -> None:
    """See that socket and log can be had by the user that the daemon will be."""
    if settings.log == "-" and not foreground:
        raise LogFileError("a daemon in the background has no standard output: use twistd -n, or name a log file")
    handed = activation.offered(os.environ, os.getpid())
    if handed and not foreground:
        raise sockets.SocketError("sockets were handed over, which a daemon in the background cannot use: twistd -n")
    uid, gid = parent.get("uid"), parent.get("gid")
    with acting_as(uid, gid):
        if "bridge" not in handed:
            sockets.preflight(settings.socket, settings.socket_group)
        if "admin" not in handed:
            sockets.preflight(settings.admin_path)
        if settings.log != "-":
            preflight_log(settings.log)


@contextmanager
def acting_as(uid: int | None, gid: int | None) -> Iterator[None]:
    """Have the rights of another user for a while, as twistd will give them for good.

    Raises:
        SystemExit: they cannot be had. twistd would end without a word.
    """
    if uid is None and gid is None:
        yield
        return
    if os.geteuid() != 0:
        raise SystemExit("cpanbridge: not started: only root can use twistd's --uid and --gid")
    user = None if uid is None else _user(uid)
    gid = gid if gid is not None else (user.pw_gid if user is not None else os.getegid())
    groups, egid = os.getgroups(), os.getegid()
    try:
        if user is not None:
            os.setgroups(os.getgrouplist(user.pw_name, gid))
        os.setegid(gid)
        if uid is not None:
            os.seteuid(uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(egid)
        os.setgroups(groups)


def _user(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise SystemExit(
            f"cpanbridge: not started: twistd needs a user name for --uid {uid}, and it has none"
        ) from None


def _sentences(heading: str, problems: list[str]) -> str:
    return "\n".join([f"cpanbridge: not started: {heading}:", *(f"  {problem}" for problem in problems)])


def _loader(path: str | None, given: dict[str, object]) -> Callable[[], tuple[Settings, list[str]]]:
    """Return what reads all sources, now and at each reload; twistd may change the directory in between."""
    environ, directory = dict(os.environ), os.getcwd()

    def read() -> tuple[Settings, list[str]]:
        loaded = load_files(path, environ, given, directory)
        return loaded.settings, loaded.warnings

    return read
