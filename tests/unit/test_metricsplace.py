"""Where metrics may be served: on this machine, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.metricsplace import MetricsPlace
from bridge.settings import SettingsError
from bridge.sources import resolve


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:9464", "127.0.0.1:9464"),
        ("127.8.9.10:1", "127.8.9.10:1"),
        ("localhost:65535", "127.0.0.1:65535"),
        ("[::1]:9464", "[::1]:9464"),
        ("unix:/run/x.sock", "unix:/run/x.sock"),
        ("unix:/run/../x", "unix:/x"),
    ],
)
def test_accepted(text: str, shown: str) -> None:
    """Loopback addresses with a port, and absolute paths."""
    assert str(MetricsPlace.parse(text)) == shown


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0:9464", "[::]:9464", "192.168.1.1:9464", "example.org:9464", "[::ffff:10.0.0.1]:9464", ":9464",
        "*:9464", "127.0.0.1", "9464", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http", "127.0.0.1:٩", "unix:",
        "unix:x", "127.1:9464", "/run/x.sock",
    ],
)  # fmt: skip
def test_refused(text: str) -> None:
    """Whatever others could reach, and what is no address."""
    with pytest.raises(ValueError, match="must "):
        MetricsPlace.parse(text)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_only_loopback(address: object, port: int) -> None:
    """Of all addresses those of the loopback interface, and no other."""
    text = f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
    if getattr(address, "is_loopback", False):
        assert MetricsPlace.parse(text).port == port
    else:
        with pytest.raises(ValueError, match="loopback"):
            MetricsPlace.parse(text)


def read(**environ: str) -> object:
    names = {f"CPAN_BRIDGE_{name}": value for name, value in environ.items()}
    return resolve(toml=None, toml_name="f", environ=names, options={}, directory="/start").settings


def test_as_a_setting() -> None:
    """Empty is off; relative paths start where the daemon does; faults name their source."""
    assert read(METRICS="").metrics is None
    assert read(METRICS="unix:m.sock").metrics == "unix:/start/m.sock"
    with pytest.raises(SettingsError) as caught:
        read(METRICS="0.0.0.0:9464")
    assert caught.value.problems[0].startswith("environment: CPAN_BRIDGE_METRICS must have a loopback address")
    with pytest.raises(SettingsError, match="is used twice"):
        read(METRICS="unix:/x/y.sock", SOCKET="/x/y.sock")
