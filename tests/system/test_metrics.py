"""The metrics of a real daemon, as Prometheus sees them, and the files that hang on their names."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from daemon_process import DaemonProcess
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

ETC = Path(__file__).parents[2] / "etc"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(str(self.path))


class Scraped:
    """What one scrape has said."""

    def __init__(self, text: str) -> None:
        self.families: dict[str, Metric] = {each.name: each for each in text_string_to_metric_families(text)}
        self.samples = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in self.families.values()
            for sample in family.samples
        }
        self.names = {name for name, _ in self.samples}

    def __call__(self, name: str, **labels: str) -> float:
        return self.samples[f"cpanbridge_{name}", tuple(sorted(labels.items()))]


def ask(connection: http.client.HTTPConnection, path: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    connection.request(method, path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def ask_once(path: Path, address: str = "/metrics", method: str = "GET") -> tuple[int, str]:
    with contextlib.closing(UnixConnection(path)) as connection:
        return ask(connection, address, method)


@pytest.fixture
def place(start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> tuple[DaemonProcess, Path]:
    path = tmp_path / "metrics.sock"
    return start_daemon("--metrics", f"unix:{path}", "--max-concurrent-requests=5"), path


def scrape(path: Path) -> Scraped:
    status, text = ask_once(path)
    assert status == 200
    return Scraped(text)


def test_what_is_counted(place: tuple[DaemonProcess, Path]) -> None:
    """The figures are the daemon's own, in base units, and histograms add up."""
    daemon, path = place
    with daemon.connect() as connection:
        for _ in range(3):
            assert connection.call("test", "sleep", {"seconds": 0.01})["success"]
        assert not connection.call("test", "sleep", {"seconds": "long"})["success"]
        seen = scrape(path)
    assert seen("requests_total", outcome="successful") == 3 + 1  # and the ping that saw the daemon start
    assert seen("requests_total", outcome="failed") == 1
    assert seen("request_errors_total", error_type="BadParams") == 1
    assert seen("requests_refused_total", limit="rate") == 0
    assert seen("requests_in_progress_limit") == 5
    assert seen("memory_limit_bytes") == 1024 * 1048576
    assert 10e6 < seen("memory_bytes") < 1024e6
    assert seen("cpu_limit_ratio") == 2
    assert seen("connections") == 1
    assert seen("limit_state", resource="memory", state="normal") == 1
    assert seen("limit_state", resource="memory", state="violation") == 0
    assert seen("draining") == 0
    assert abs(seen("start_time_seconds") - time.time()) < 60
    assert seen("request_duration_seconds_count", function="test.sleep") == 3
    assert 0.03 <= seen("request_duration_seconds_sum", function="test.sleep") < 3
    buckets = [
        (float(dict(labels)["le"]), value)
        for (name, labels), value in seen.samples.items()
        if name.endswith("_bucket") and ("function", "test.sleep") in labels
    ]
    assert [value for _, value in sorted(buckets)] == sorted(value for _, value in buckets)
    assert max(buckets) == (float("inf"), 3)
    assert dict(buckets)[0.008192] == 0
    assert {"process_cpu_seconds_total", "process_open_fds", "process_resident_memory_bytes"} <= seen.names


def test_every_name_has_help_type_and_prefix(place: tuple[DaemonProcess, Path]) -> None:
    """As promtool would have it: a text for each, counters end in _total, units are base units."""
    for family in scrape(place[1]).families.values():
        assert family.documentation
        assert family.type != "unknown"
        assert re.match("(cpanbridge|process)_", family.name)
        assert not re.search("_(mb|ms|percent|minutes|megabytes|milliseconds)(_|$)", family.name)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/metrics?x=1", 200),
        ("HEAD", "/metrics", 200),
        ("GET", "/", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/metrics/../metrics", 404),
        ("GET", "/limits", 404),
        ("POST", "/metrics", 405),
        ("DELETE", "/metrics", 405),
    ],
)
def test_one_address(place: tuple[DaemonProcess, Path], method: str, path: str, status: int) -> None:
    """Nothing is there but /metrics, and nothing can be done but read."""
    seen, text = ask_once(place[1], path, method)
    assert seen == status
    assert bool(text) == (method != "HEAD")
    assert "Traceback" not in text
    assert place[0].call("test", "ping")["success"]


def test_saturated(place: tuple[DaemonProcess, Path]) -> None:
    """With all slots taken and callers refused, a scrape works, and shows it."""
    daemon, path = place
    slow = [daemon.connect() for _ in range(12)]
    for each in slow:
        each.send(b'{"module": "test", "function": "sleep", "params": {"seconds": 3}}\n')
    seen = daemon.wait_until(
        lambda: scrape(path), lambda seen: seen("requests_refused_total", limit="concurrent") >= 7, "refusals"
    )
    assert seen("requests_in_progress") == 5
    assert seen("limit_state", resource="concurrent", state="violation") == 1


def test_scrapers_that_do_not_read(place: tuple[DaemonProcess, Path]) -> None:
    """Connections beyond the sixteenth are closed; callers do not notice any of it."""
    daemon, path = place
    idle = [UnixConnection(path) for _ in range(40)]
    for each in idle:
        each.connect()
        each.sock.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 5)
    assert daemon.call("test", "ping")["success"]
    closed = []
    for each in idle:
        each.sock.settimeout(5)
        try:
            closed.append(each.sock.recv(1) == b"")
        except ConnectionResetError:
            closed.append(True)
    # Only now: a place that is given back while others still wait to be let in would go to one of them.
    for each in idle:
        each.close()
    assert sum(closed) == 24
    daemon.wait_until(lambda: ask_or_not(path), lambda status: status == 200, "a place for another scraper")


def ask_or_not(path: Path) -> int:
    try:
        return ask_once(path)[0]
    except (OSError, http.client.HTTPException):
        return 0


def test_tcp(start_daemon: Callable[..., DaemonProcess]) -> None:
    """The usual place is a port of the loopback address; a second daemon cannot have it and says so."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = start_daemon(f"--metrics=127.0.0.1:{port}")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    for _ in range(2):  # the connection is kept
        assert ask(connection)[0] == 200
    connection.close()
    with pytest.raises(RuntimeError, match=f"cannot listen on 127.0.0.1:{port}: Address already in use"):
        start_daemon(f"--metrics=localhost:{port}")
    assert daemon.stop() == 0
    assert "GET /metrics" not in daemon.log_text()


def test_without_the_library(start_daemon: Callable[..., DaemonProcess], tmp_path: Path) -> None:
    """The setting without the library is an error at the start that says what to install."""
    (tmp_path / "prometheus_client.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'prometheus_client'\", name='prometheus_client')"
    )
    environ = {"PYTHONPATH": str(tmp_path)}
    with pytest.raises(RuntimeError, match=r'pip install "cpanbridge\[metrics\]"'):
        start_daemon("--metrics=127.0.0.1:9464", environ=environ)
    assert start_daemon(environ=environ).call("test", "ping")["success"]


# --- the files that use the names ---


def expressions() -> Iterator[str]:
    for group in yaml.safe_load((ETC / "prometheus-alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["expr"]
    dashboard = json.loads((ETC / "grafana-dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["query"]["query"]


def test_dashboard_and_alerts_use_what_there_is(place: tuple[DaemonProcess, Path]) -> None:
    """Every metric named in them, and every value of a label, is one that a daemon exports."""
    seen = scrape(place[1])
    used = {name for text in expressions() for name in re.findall(r"\b(?:cpanbridge|process)_\w+", text)}
    assert len(used) > 20
    assert used - seen.names == set()
    labels = {label for _, pairs in seen.samples for label in pairs}
    for text in expressions():
        for name, value in re.findall(r'(\w+)="([^"]*)"', text):
            if name != "job":
                assert (name, value) in labels, text


def test_the_guide_names_what_there_is(place: tuple[DaemonProcess, Path]) -> None:
    """Every metric in docs/operations.md is one that a daemon exports."""
    text = (ETC.parent / "docs" / "operations.md").read_text()
    named = set(re.findall(r"`(cpanbridge_[a-z_]+)", text))
    # As they are announced: one with a label may have no sample yet.
    families = set(re.findall(r"^# TYPE (\w+)", ask_once(place[1])[1], re.MULTILINE))
    assert len(named) > 20
    assert named - families == set()


def test_alerts_say_what_and_what_to_do() -> None:
    """Each rule has a severity, one sentence on what is wrong, and one on what to do."""
    rules = [
        rule
        for group in yaml.safe_load((ETC / "prometheus-alerts.yml").read_text())["groups"]
        for rule in group["rules"]
    ]
    assert len({rule["alert"] for rule in rules}) == len(rules) >= 5
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_is_whole() -> None:
    """Panels have places that do not overlap, different numbers, and a data source that is chosen on import."""
    panels: list[dict[str, Any]] = json.loads((ETC / "grafana-dashboard.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["targets"]


def test_a_scrape_in_the_middle_of_calls(place: tuple[DaemonProcess, Path]) -> None:
    """While scrapes come as fast as they can, counters only grow and calls go on."""
    daemon, path = place
    stop = threading.Event()
    totals: list[float] = []

    def scrapes() -> None:
        while not stop.is_set():
            totals.append(scrape(path)("requests_total", outcome="successful"))

    thread = threading.Thread(target=scrapes)
    thread.start()
    try:
        with daemon.connect() as connection:
            for _ in range(200):
                assert connection.call("test", "echo", [1])["success"]
    finally:
        stop.set()
        thread.join(20)
    assert totals == sorted(totals)
    assert len(totals) > 3
