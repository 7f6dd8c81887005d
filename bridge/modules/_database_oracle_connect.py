"""Where a caller's connection to Oracle goes, and what it says of itself there."""

from __future__ import annotations

import re
from typing import Any

import oracledb

from bridge.api import BridgeError, ErrorType
from bridge.modules._database_access import Rules
from bridge.modules._database_driver import fail
from bridge.modules._database_oracle_errors import STATE, errors

__all__ = ["nls_statement", "words"]

PORT = 1521
CONNECT_SECONDS = 30.0
MODES = frozenset({"sysdba", "sysoper", "sysasm", "sysbkp", "sysdgd", "syskmt"})

# What a caller may say beside the database's name, and python-oracledb's name for it.
PLAIN = {
    "user": "user",
    "password": "password",
    "host": "host",
    "sid": "sid",
    "server": "server_type",
    "cclass": "cclass",
    "driver_name": "driver_name",
    "program": "program",
    "machine": "machine",
    "osuser": "osuser",
    "terminal": "terminal",
    "edition": "edition",
}

# Parts of a connect descriptor that lead to nothing but servers. Others name files of the daemon's user, or proxies.
HARMLESS = frozenset(
    {
        "description_list", "description", "address_list", "address", "protocol", "host", "port", "connect_data",
        "service_name", "sid", "server", "instance_name", "load_balance", "failover", "failover_mode", "type", "method",
        "retries", "delay", "connect_timeout", "transport_connect_timeout", "retry_count", "retry_delay", "expire_time",
        "enable", "sdu", "ur", "security", "ssl_server_dn_match", "ssl_server_cert_dn", "pool_connection_class",
        "pool_purity", "source_route", "recv_buf_size", "send_buf_size", "global_name",
    }
)  # fmt: skip
KEYWORD = re.compile(r"\(\s*([^\s=()]+)\s*=")

NLS = (
    "nls_language", "nls_territory", "nls_date_language", "nls_date_format", "nls_timestamp_format",
    "nls_timestamp_tz_format", "nls_numeric_characters", "nls_sort", "nls_comp", "nls_calendar", "nls_currency",
    "nls_iso_currency", "nls_dual_currency", "nls_length_semantics", "nls_nchar_conv_excp", "time_zone",
)  # fmt: skip
"""Settings of the session that come with connecting; the first two change the others, and so go first."""


def words(database: str, parameters: dict[str, str], rules: Rules) -> dict[str, Any]:
    """Return what python-oracledb's ``connect`` is called with.

    Args:
        database: a service's name, or a connect descriptor: ``(DESCRIPTION=...)``.
        parameters: the caller's.
        rules: what the caller may connect to.

    Raises:
        BridgeError: a parameter is not known, or wrong; the caller may not connect there.
    """
    unknown = set(parameters) - PLAIN.keys() - set(NLS) - {"port", "mode"}
    if unknown:
        _wrong(f'unknown connection option "{min(unknown)}"')
    made: dict[str, Any] = {PLAIN[name]: value for name, value in parameters.items() if name in PLAIN and value}
    mode = parameters.get("mode", "")
    if mode:
        if mode not in MODES:
            _wrong(f'"{mode}" is no mode to connect in, only {", ".join(sorted(MODES))}')
        made["mode"] = oracledb.AuthMode[mode.upper()]
    made["tcp_connect_timeout"] = CONNECT_SECONDS
    if database.startswith("("):
        _check_descriptor(database, rules)
        for name in ("host", "sid"):
            made.pop(name, None)
        return {**made, "dsn": database}
    port = parameters.get("port") or str(PORT)
    if not port.isdecimal() or not 0 < int(port) < 65536:
        _wrong(f'"{port}" is no port')
    if not made.get("host"):
        fail(
            f'ORA-12154: TNS:could not resolve the connect identifier specified: "{database}" has no host; the daemon '
            "reads no tnsnames.ora (DBD ERROR: OCIServerAttach)",
            "OperationalError",
            code=12154,
            state=STATE,
        )
    if "://" in made["host"]:  # where python-oracledb would go and ask for what to do
        _wrong(f'"{made["host"]}" is no host')
    rules.check_server(made["host"], port)
    if "sid" not in made:
        made["service_name"] = database
    return {**made, "port": int(port)}


def _wrong(text: str) -> None:
    fail(f"{text} (DBD ERROR: OCIServerAttach)", "ProgrammingError", code=12154, state=STATE)


def _check_descriptor(descriptor: str, rules: Rules) -> None:
    """Accept a connect descriptor: each server that it names, and for others than the daemon's user no more."""
    params = oracledb.ConnectParams()
    with errors("OCIServerAttach"):
        params.parse_connect_string(descriptor)
    hosts, ports = (value if isinstance(value, list) else [value] for value in (params.host, params.port))
    for host, port in zip(hosts, ports, strict=True):
        rules.check_server(host or "", str(port or PORT))
    if rules.trusted:
        return
    strange = {keyword.lower() for keyword in KEYWORD.findall(descriptor)} - HARMLESS
    if strange:
        raise BridgeError(
            ErrorType.FORBIDDEN,
            f"The daemon runs as another user and takes no {min(strange).upper()} in a connect descriptor from you.",
        )


def nls_statement(parameters: dict[str, str]) -> str | None:
    """Return the statement that gives the session the caller's conventions, or ``None``."""
    settings = []
    for name in NLS:
        if value := parameters.get(name):
            quoted = value.replace("'", "''")
            settings.append(f"{name.upper()} = '{quoted}'")
    return f"ALTER SESSION SET {' '.join(settings)}" if settings else None
