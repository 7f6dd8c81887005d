"""``twistd cpanbridge``: the command's options, and the service made from them.

``makeService`` runs before twistd forks and before it gives up its privileges: it reads and checks, and touches nothing
live.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, cast

from twisted.application.service import IService
from twisted.python import usage

from bridge import __version__, sockets
from bridge.configfile import DEFAULT_CONFIG, load_files
from bridge.logfile import LogFile
from bridge.settings import SETTINGS, Settings, SettingsError

__all__ = ["Options", "makeService"]

_FLAGS = [setting for setting in SETTINGS if setting.kind is bool]
_PARAMETERS = [setting for setting in SETTINGS if setting.kind is not bool]


def _help(doc: str, unit: str, default: object) -> str:
    shown = ",".join(default) if isinstance(default, tuple) else default
    tail = f" [{shown}{' ' + unit if unit else ''}]" if default is not None else ""
    return doc.rstrip(".") + "." + tail


class Options(usage.Options):
    """The options of ``twistd cpanbridge``: one for each setting, and the file that holds them."""

    synopsis = "Usage: twistd [twistd options] cpanbridge [options]"
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
        usage.UsageError: with every problem of the settings, or with what stands in the way of the socket or the log.
    """
    from twisted.internet import reactor

    from bridge.service import BridgeService

    parent: dict[str, Any] = getattr(config, "parent", None) or {}
    given = config.given()
    logfile = parent.get("logfile")
    if logfile:
        given["log"] = logfile
    reload = _loader(config["config"], given)
    try:
        settings, warnings = reload()
        sockets.preflight(settings.socket, settings.socket_group if not parent.get("uid") else None)
    except SettingsError as error:
        raise usage.UsageError(
            "\n".join(["The settings are not valid:", *(f"  {p}" for p in error.problems)])
        ) from None
    except sockets.SocketError as error:
        raise usage.UsageError(str(error)) from None
    foreground = bool(parent.get("nodaemon"))
    log = LogFile(
        None if settings.log == "-" else settings.log,
        settings.log_level,
        beside=sys.stdout if settings.log == "-" or (foreground and not logfile) else None,
    )
    service = BridgeService(settings, reload=reload, log=log, reactor=reactor, foreground=foreground)
    for warning in warnings:
        service.log.warn("{warning}", warning=warning)
    if not parent.get("syslog") and not parent.get("logger"):
        service.observer = log
    return cast("IService", service)


def _loader(path: str | None, given: dict[str, object]) -> Callable[[], tuple[Settings, list[str]]]:
    """Return what reads all sources, now and at each reload; twistd may change the directory in between."""
    environ, directory = dict(os.environ), os.getcwd()

    def read() -> tuple[Settings, list[str]]:
        loaded = load_files(path, environ, given, directory)
        return loaded.settings, loaded.warnings

    return read
