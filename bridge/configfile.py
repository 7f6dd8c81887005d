"""Find and read the configuration file, then bring it together with environment and command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bridge.settings import SettingsError
from bridge.sources import Loaded, resolve

__all__ = ["DEFAULT_CONFIG", "config_path", "load_files"]

DEFAULT_CONFIG = "/etc/cpanbridge/cpanbridge.toml"
"""The file that is read when none is named; it need not be there."""


def config_path(path: str | None, environ: Mapping[str, str], directory: str) -> Path:
    """Return the file that ``path``, else ``CPAN_BRIDGE_CONFIG`` names, else the default one."""
    return Path(directory, path or environ.get("CPAN_BRIDGE_CONFIG") or DEFAULT_CONFIG)


def load_files(path: str | None, environ: Mapping[str, str], options: Mapping[str, object], directory: str) -> Loaded:
    """Read the file that ``path``, else ``CPAN_BRIDGE_CONFIG`` names, else the default one, and resolve all sources.

    Args:
        path: the file, ``None`` where the command line names none.
        environ: the environment.
        options: the command line, by setting name.
        directory: what relative paths start from.

    Raises:
        SettingsError: with every problem of every source; or the named file cannot be read.
    """
    chosen = path or environ.get("CPAN_BRIDGE_CONFIG")
    file = config_path(path, environ, directory)
    text: str | None = None
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        if chosen:
            raise SettingsError([f"{file} does not exist"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([f"{file} cannot be read: {error}"]) from None
    return resolve(toml=text, toml_name=str(file), environ=environ, options=options, directory=directory)
