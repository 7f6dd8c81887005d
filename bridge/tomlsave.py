"""Write limits into the configuration file; comments, order and everything else in it stay as they are.

tomlkit (MIT, the library that pip's neighbours Poetry and PDM edit their users' files with) keeps the file's form.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
import tomllib
from collections.abc import Mapping

import tomlkit
from tomlkit.exceptions import TOMLKitError

from bridge.limits import Limits

__all__ = ["SaveError", "save_limits"]

DEFAULTS = Limits()


class SaveError(Exception):
    """The limits could not be written; the text says why. The file is as it was."""


def save_limits(path: str, limits: Mapping[str, float]) -> dict[str, tuple[float | None, float]]:
    """Write limits into the table ``[limits]`` of a TOML file, whole or not at all.

    Returns:
        {name: (value in the file before, or ``None``; value now)} of what was different. A limit that the file does
        not name and that has its default is not written.

    Raises:
        SaveError: there is no such file, it is not valid TOML, or it cannot be written.
    """
    real = os.path.realpath(path)
    try:
        with open(real, encoding="utf-8", newline="") as file:
            text = file.read()
        status = os.stat(real)
    except FileNotFoundError:
        raise SaveError(
            f"{path} does not exist; make it (an empty file will do) and start the daemon with --config {path}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SaveError(f"{path} cannot be read: {error}") from None
    try:
        document = tomlkit.parse(text)
        table = document.setdefault("limits", tomlkit.table())
        changes: dict[str, tuple[float | None, float]] = {}
        for name, value in limits.items():
            before = table.get(name)
            before = before.unwrap() if before is not None and hasattr(before, "unwrap") else before
            if before is None and value == getattr(DEFAULTS, name):
                continue
            if before != value or isinstance(before, bool):
                plain = int(value) if float(value).is_integer() else value
                table[name] = plain
                changes[name] = (before, plain)
        fresh = tomlkit.dumps(document)
        written = tomllib.loads(fresh)
    except (TOMLKitError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise SaveError(f"{path} is no configuration file that can be changed: {error}") from None
    if any(written.get("limits", {}).get(name, getattr(DEFAULTS, name)) != value for name, value in limits.items()):
        raise SaveError(f"{path} cannot be changed so that it holds these limits; write them by hand")
    if changes:
        _replace(path, real, fresh.encode(), status)
    return changes


def _replace(path: str, real: str, data: bytes, status: os.stat_result) -> None:
    """Put a new file in the place of the old one, with its mode and owner."""
    folder = os.path.dirname(real)
    temporary = ""
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=".cpanbridge-", dir=folder)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, status.st_mode & 0o7777)
            if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
                try:
                    os.fchown(descriptor, status.st_uid, status.st_gid)
                except PermissionError:
                    raise SaveError(
                        f"{path} cannot be written: it belongs to uid {status.st_uid}, gid {status.st_gid}, and the "
                        f"daemon, which runs as uid {os.geteuid()}, cannot give a new file to them; change the file's "
                        "owner, or write the limits by hand"
                    ) from None
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.rename(temporary, real)
        temporary = ""
    except OSError as error:
        why = error.strerror
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            why = f"{why}; the daemon runs as uid {os.geteuid()} and needs the right to write in {folder}"
        raise SaveError(f"{path} cannot be written: {why}") from None
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
