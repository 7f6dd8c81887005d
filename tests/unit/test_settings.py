"""Settings: four sources, one result, every problem at once with where it came from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.limits import Limits
from bridge.settings import SETTINGS, Setting, Settings, SettingsError, changed_fixed, keep_fixed
from bridge.sources import Loaded, load, resolve

SAMPLE = Path(__file__).parents[2] / "etc" / "cpanbridge.toml"
BY_NAME = {setting.name: setting for setting in SETTINGS}


def read(
    toml: str | None = None, environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None
) -> Loaded:
    return resolve(
        toml=toml, toml_name="cpanbridge.toml", environ=environ or {}, options=options or {}, directory="/start"
    )


def problems(
    toml: str | None = None, environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None
) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(toml, environ, options)
    return caught.value.problems


class TestSources:
    def test_nothing_said_is_the_defaults(self) -> None:
        """Without any source the settings are the defaults, and nothing is warned of."""
        loaded = read()
        assert loaded.settings == Settings()
        assert loaded.warnings == []
        assert set(loaded.sources.values()) == {"default"}

    @given(
        st.lists(
            st.sampled_from(["cpanbridge.toml", "environment", "command line"]), unique=True, min_size=1, max_size=3
        ),
        st.integers(1, 10_000),
    )
    def test_the_highest_source_wins(self, said: list[str], value: int) -> None:
        """Whatever combination of sources speaks: the command line beats the environment, that the file."""
        values = {
            source: value + place for place, source in enumerate(["cpanbridge.toml", "environment", "command line"])
        }
        loaded = read(
            f"[limits]\nmax_connections = {values['cpanbridge.toml']}" if "cpanbridge.toml" in said else None,
            {"CPAN_BRIDGE_MAX_CONNECTIONS": str(values["environment"])} if "environment" in said else {},
            {"max_connections": str(values["command line"])} if "command line" in said else {},
        )
        winner = max(said, key=list(values).index)
        assert loaded.settings.limits.max_connections == values[winner]
        assert loaded.sources["max_connections"] == winner

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_every_setting_has_all_three_names(self, setting: Setting) -> None:
        """Each setting can be set in the file, in the environment and on the command line, with the same result."""
        text, toml, value = sample_value(setting)
        table, _, key = setting.toml.rpartition(".")
        document = (f"[{table}]\n" if table else "") + f"{key} = {toml}"
        for loaded in (read(document), read(environ={setting.env: text}), read(options={setting.name: text})):
            assert setting.value_in(loaded.settings) == value
            assert loaded.sources[setting.name] != "default"

    def test_an_empty_variable_is_not_set(self) -> None:
        """Set and empty is how shells and unit files unset a variable."""
        assert read(environ={setting.env: "" for setting in SETTINGS}).settings == Settings()

    def test_idle_timeout_has_its_old_name(self) -> None:
        """The environment calls the idle time-out CPAN_BRIDGE_TIMEOUT."""
        assert read(environ={"CPAN_BRIDGE_TIMEOUT": "60"}).settings.idle_timeout == 60

    def test_debug_is_log_level_debug(self) -> None:
        """CPAN_BRIDGE_DEBUG=1 lowers the log level, whatever else was said about that."""
        loaded = read('log_level = "error"', {"CPAN_BRIDGE_DEBUG": "1"})
        assert (loaded.settings.log_level, loaded.sources["log_level"]) == ("debug", "environment")

    def test_relative_paths_start_where_the_daemon_started(self) -> None:
        """Paths are made absolute, for twistd changes its directory."""
        settings = read('socket = "run/x.sock"', {"CPAN_BRIDGE_LOG": "../x.log"}).settings
        assert (settings.socket, settings.log) == ("/start/run/x.sock", "/x.log")
        assert read(options={"log": "-"}).settings.log == "-"

    def test_load_returns_settings_and_warnings(self) -> None:
        """``load`` is ``resolve`` without the sources."""
        settings, warnings = load(toml="x = 1", toml_name="f", environ={}, options={})
        assert settings == Settings()
        assert len(warnings) == 1


def sample_value(setting: Setting) -> tuple[str, str, object]:
    """Return a value that is not the default: as text, as TOML, and as it must come out."""
    if setting.kind is bool:
        return "yes", "true", True
    if setting.kind is tuple:
        return "alpha, beta", '["alpha", "beta"]', ("alpha", "beta")
    if setting.choices:
        return "error", '"error"', "error"
    if setting.name == "metrics":
        return "[::1]:9464", '"[::1]:9464"', "[::1]:9464"
    if setting.kind is str:
        return "/x/y", '"/x/y"', "/x/y"
    value: Any = 0.5 if setting.name in {"warning_ratio", "max_process_share", "backpressure_seconds"} else 4000
    if setting.name == "max_worker_processes":
        value = 4
    return str(value), str(value), value


class TestValues:
    @pytest.mark.parametrize(
        ("text", "size"),
        [("1048576", 1048576), ("10MiB", 10485760), ("10M", 10485760), ("64 k", 65536), ("1GiB", 1 << 30)],
    )
    def test_sizes_may_have_a_unit(self, text: str, size: int) -> None:
        """K, M, G and KiB, MiB, GiB are multiples of 1024, in the file too."""
        assert read(environ={"CPAN_BRIDGE_MAX_REQUEST_SIZE": text}).settings.max_request_size == size

    def test_sizes_with_a_unit_are_quoted_in_the_file(self) -> None:
        """TOML has no such numbers; a number in quotes without a unit is still a slip."""
        assert read('max_request_size = "2MiB"').settings.max_request_size == 2097152
        assert len(problems('max_request_size = "2097152"')) == 1

    @pytest.mark.parametrize("text", ["1.5MiB", "-1", "10MB", "MiB", "ten", "0", "1e9", "٣", "2GiB"])
    def test_wrong_sizes_are_refused(self, text: str) -> None:
        """MB is refused: some mean 1000 000 by it, others 1048576."""
        [problem] = problems(environ={"CPAN_BRIDGE_MAX_REQUEST_SIZE": text})
        assert problem.startswith("environment: CPAN_BRIDGE_MAX_REQUEST_SIZE must be ")

    @pytest.mark.parametrize("text", ["1", "TRUE", "yes", " on "])
    def test_yes(self, text: str) -> None:
        """Four words mean yes, in any case."""
        assert read(environ={"CPAN_BRIDGE_EXIT_ON_RETAINED_MEMORY": text}).settings.exit_on_retained_memory is True

    @pytest.mark.parametrize("text", ["0", "False", "no", "off"])
    def test_no(self, text: str) -> None:
        """Four words mean no."""
        assert read("debug = true", {"CPAN_BRIDGE_DEBUG": text}).settings.debug is False

    @pytest.mark.parametrize("text", ["2", "maybe", "y", "enabled"])
    def test_neither_yes_nor_no(self, text: str) -> None:
        """Any other word is a problem, not a no."""
        [problem] = problems(environ={"CPAN_BRIDGE_DEBUG": text})
        assert problem == (
            f"environment: CPAN_BRIDGE_DEBUG must be 1, true, yes or on, or 0, false, no or off, not {text!r}"
        )

    @pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e400", "1" + "0" * 400, "-5", "0"])
    def test_numbers_are_finite_and_in_range(self, text: str) -> None:
        """Neither infinity nor NaN slips through a comparison."""
        assert len(problems(environ={"CPAN_BRIDGE_MAX_MEMORY_MB": text})) == 1
        assert len(problems(environ={"CPAN_BRIDGE_IDLE_TIMEOUT": "60", "CPAN_BRIDGE_TIMEOUT": text})) == 1

    def test_whole_numbers_stay_whole(self) -> None:
        """1024 of an environment is shown as 1024, not 1024.0."""
        assert repr(read(environ={"CPAN_BRIDGE_MAX_MEMORY_MB": "2048"}).settings.limits.max_memory_mb) == "2048"

    def test_modules(self) -> None:
        """Names with commas; doubles and those that are always there are left out; an empty list is one."""
        assert read(environ={"CPAN_BRIDGE_MODULES": "b, a,b,test"}).settings.modules == ("b", "a")
        assert read(options={"modules": ""}).settings.modules == ()
        assert read("[modules]\nenabled = []").settings.modules == ()

    def test_options_of_modules(self) -> None:
        """[modules.NAME] tables are handed on as they are; one without effect is warned of."""
        loaded = read('[modules.python]\nallow = ["math"]\n[modules.other]\nx = 1\n[modules.test]\ny = 2')
        assert loaded.settings.module_options["python"] == {"allow": ["math"]}
        [warning] = loaded.warnings
        assert "[modules.other]" in warning

    def test_no_group(self) -> None:
        """An empty group is none: TOML has no null."""
        assert read('socket_group = ""').settings.socket_group is None


class TestProblems:
    def test_all_at_once_with_their_sources(self) -> None:
        """One start shows everything that is wrong, wherever it is."""
        found = problems(
            'socket = 3\nmax_request_size = 3\n[limits]\nmax_cpu_percent = "a"\nmax_connections = 0',
            {"CPAN_BRIDGE_MAX_MEMORY_MB": "0", "CPAN_BRIDGE_DEBUG": "maybe"},
            {"idle_timeout": "x", "max_queued_requests": "0"},
        )
        assert [problem.split(" must")[0] for problem in found] == [
            "cpanbridge.toml: socket",
            "cpanbridge.toml: max_request_size",
            "cpanbridge.toml: limits.max_cpu_percent",
            "cpanbridge.toml: limits.max_connections",
            "environment: CPAN_BRIDGE_DEBUG",
            "environment: CPAN_BRIDGE_MAX_MEMORY_MB",
            "command line: --idle-timeout",
            "command line: --max-queued-requests",
        ]

    def test_the_range_is_told(self) -> None:
        """What would be accepted, and what was said."""
        assert problems(options={"max_memory_mb": "0"}) == [
            "command line: --max-memory-mb must be from 16 to 16777216 MB, not 0"
        ]

    def test_broken_toml_names_the_line(self) -> None:
        """A slip in the file's form is found by its line; the environment is checked nevertheless."""
        first, second = problems("a = 1\nb = \nc = 2", {"CPAN_BRIDGE_DEBUG": "maybe"})
        assert first.startswith("cpanbridge.toml: this is not valid TOML: ")
        assert "line 2" in first
        assert second.startswith("environment:")

    @pytest.mark.parametrize(
        "toml",
        ["limits = 3", "modules = []", '[limits]\nmax_connections = "5"', "max_request_size = 2048.0", "debug = 1",
         'debug = "yes"', "[limits]\nmax_memory_mb = true", '[modules]\nenabled = "python"', "[modules]\nenabled = [1]",
         '[modules]\nenabled = ["../x"]', 'socket = ""', 'socket = "a\\nb"', 'log_level = "loud"', "log = {}"],
    )  # fmt: skip
    def test_wrong_types_in_the_file(self, toml: str) -> None:
        """TOML has types; nothing is guessed."""
        [problem] = problems(toml)
        assert problem.startswith("cpanbridge.toml: ")

    def test_a_wrong_value_is_reported_though_another_source_overrides_it(self) -> None:
        """The fault would strike on the day the variable goes."""
        assert len(problems("[limits]\nmax_connections = 0", {"CPAN_BRIDGE_MAX_CONNECTIONS": "5"})) == 1

    def test_socket_path_too_long(self) -> None:
        """107 bytes fit, counted as bytes and after the path was made absolute."""
        assert read(options={"socket": "/" + "x" * 106, "admin_socket": "/run/a.sock"}).settings.socket
        for path in ("/" + "x" * 107, "x" * 103, "/" + "é" * 54):
            [problem] = problems(options={"socket": path})
            assert problem.startswith("command line: --socket is 1")

    def test_the_operators_socket_beside_it_must_fit_too(self) -> None:
        """The message says which of the two is too long, and what to do."""
        [problem] = problems(options={"socket": "/" + "x" * 106})
        assert problem.startswith("command line: --socket leaves no room for the operators' socket beside it, /xxx")
        assert problem.endswith("set admin_socket to a shorter one")

    def test_socket_and_log_are_two(self) -> None:
        """However they are spelled."""
        [problem] = problems('socket = "a/../x"', {"CPAN_BRIDGE_LOG": "/start/x"})
        assert problem == "environment: CPAN_BRIDGE_LOG is used twice: socket and log are both /start/x"


class TestWarnings:
    @pytest.mark.parametrize(
        ("toml", "environ", "near"),
        [
            ("[limits]\nmax_memory = 5", {}, "limits.max_memory_mb"),
            ("max_memory_mb = 50", {}, "limits.max_memory_mb"),
            ("[modules]\nenable = []", {}, "modules.enabled"),
            ("", {"CPAN_BRIDGE_MAX_CONCURENT_REQUESTS": "5"}, "CPAN_BRIDGE_MAX_CONCURRENT_REQUESTS"),
        ],
    )
    def test_unknown_names(self, toml: str, environ: dict[str, str], near: str) -> None:
        """A slip is warned of with the nearest name that exists, also when only its table is wrong."""
        [warning] = read(toml, environ).warnings
        assert warning.endswith(f"did you mean {near}?")

    def test_far_names(self) -> None:
        """Where nothing is near nothing is suggested."""
        [warning] = read("zzz = 1").warnings
        assert warning == "cpanbridge.toml: there is no setting zzz"

    def test_variables_of_clients(self) -> None:
        """What belongs to the Perl client, or comes later, is no slip; other programs' variables are none of ours."""
        names = ["AUTOSTART", "CONFIG", "RETRIES", "JSON", "TWISTD", "PYTHON"]
        assert read(environ={f"CPAN_BRIDGE_{name}": "x" for name in names} | {"HOME": "/"}).warnings == []

    def test_combinations_without_effect(self) -> None:
        """Values that are fine alone but cannot work together are warned of; the defaults are not among them."""
        warnings = read(
            'max_request_size = "32MiB"\nworker_memory_mb = 2000\n[limits]\nmax_concurrent_requests = 2000'
        ).warnings
        assert [warning.split()[0] for warning in warnings] == [
            "max_concurrent_requests",
            "max_result_size",
            "worker_memory_mb",
        ]


class TestReload:
    def test_fixed_settings_keep_their_values(self) -> None:
        """What can change does; what cannot is named and stays."""
        old = Settings()
        new = Settings(socket="/other", grace_period=1, limits=Limits(max_connections=7), modules=(), log_level="error")
        assert changed_fixed(old, new) == ["socket"]
        assert keep_fixed(old, new) == attrs.evolve(new, socket=old.socket)

    def test_limits_modules_and_log_level_can_change(self) -> None:
        """The three that operators were promised."""
        promised = {"log_level", "debug", "modules", *Limits().as_dict()}
        assert promised <= {setting.name for setting in SETTINGS if setting.reloadable}


class TestSampleFile:
    SAID = re.compile(r"^#(\w+) = (.*)$", re.MULTILINE)

    def test_names_are_those_of_the_code(self) -> None:
        """Every setting is in the sample once, and nothing else."""
        names = [name if name != "enabled" else "modules" for name, _ in self.SAID.findall(SAMPLE.read_text())]
        assert sorted(names) == sorted(BY_NAME)

    def test_as_shipped_it_says_nothing(self) -> None:
        """Copied as it is it changes nothing."""
        loaded = read(SAMPLE.read_text())
        assert (loaded.settings, loaded.warnings) == (Settings(), [])
        assert set(loaded.sources.values()) == {"default"}

    def test_uncommented_it_holds_the_defaults(self) -> None:
        """The values shown are the defaults, each in its right table."""
        loaded = read(self.SAID.sub(r"\1 = \2", SAMPLE.read_text()))
        assert (loaded.settings, loaded.warnings) == (Settings(), [])
        assert set(loaded.sources.values()) == {"cpanbridge.toml"}

    @pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
    def test_descriptions_are_those_of_the_code(self, setting: Setting) -> None:
        """Meaning, range, unit and whether SIGHUP is enough stand above each."""
        before = SAMPLE.read_text().partition(f"\n#{setting.toml.rpartition('.')[2]} = ")[0].rpartition("\n\n")[2]
        lines = before.splitlines()
        assert lines[0] == f"# {setting.doc}{' (SIGHUP)' if setting.reloadable else ''}"
        if setting.range_text:
            assert lines[1] == f"# Accepted: {setting.range_text}."
        assert len(lines) > 1 + bool(setting.range_text), "say when to change it"
