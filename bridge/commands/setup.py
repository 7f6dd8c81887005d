"""Commands that need no daemon: check-config, perl-lib, console."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from bridge.commands import OK, REFUSED
from bridge.commands.calls import visible

__all__ = ["check_config", "console", "perl_lib"]


def check_config(arguments: argparse.Namespace) -> int:
    """Print the settings in force, or every problem."""
    from bridge.configfile import load_files
    from bridge.settings import SETTINGS, SettingsError

    try:
        loaded = load_files(arguments.config, os.environ, {}, os.getcwd())
    except SettingsError as error:
        for problem in error.problems:
            print(visible(f"cpanbridge: {problem}"), file=sys.stderr)
        return REFUSED
    if arguments.json:
        report = {
            "settings": loaded.settings.as_dict(),
            "module_options": loaded.settings.module_options,
            "sources": loaded.sources,
            "warnings": loaded.warnings,
        }
        print(json.dumps(report, ensure_ascii=False, default=str))  # TOML has dates, and modules' options may, too
        return OK
    for warning in loaded.warnings:
        print(visible(f"cpanbridge: warning: {warning}"), file=sys.stderr)
    for setting in SETTINGS:
        source = loaded.sources[setting.name]
        value = json.dumps(setting.value_in(loaded.settings), ensure_ascii=False)
        print(visible(f"{setting.name} = {value}" + ("" if source == "default" else f"  # {source}")))
    for name, options in loaded.settings.module_options.items():
        print(visible(f"[modules.{name}] {json.dumps(options, ensure_ascii=False, default=str)}"))
    return OK


def perl_lib(_arguments: argparse.Namespace) -> int:
    """Print the directory of CPANBridge.pm."""
    print(Path(__file__).parents[1] / "perl" / "lib")
    return OK


def console(arguments: Sequence[str]) -> NoReturn:
    """Become the console; it reads the arguments itself, and the environment as every command does."""
    sys.stdout.flush()
    # -P: a folder called console where the operator happens to stand is none of ours.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "console", *arguments])  # noqa: S606 - no shell, and our own program
