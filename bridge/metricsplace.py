"""Where the metrics are served: a loopback address or a Unix socket, as the setting ``metrics`` says.

Pure.
"""

from __future__ import annotations

import ipaddress
import posixpath

import attrs

__all__ = ["MetricsPlace"]


@attrs.frozen
class MetricsPlace:
    """One place; either ``path`` is set, or ``host`` and ``port`` are."""

    path: str = ""
    host: str = ""
    port: int = 0

    @classmethod
    def parse(cls, text: str) -> MetricsPlace:
        """Read ``127.0.0.1:9464``, ``[::1]:9464``, ``localhost:9464`` or ``unix:/path``.

        Raises:
            ValueError: it is none of these; the text goes on after the setting's name.
        """
        if text.startswith("unix:"):
            path = text.removeprefix("unix:")
            if not path.startswith("/"):
                raise ValueError(f'must have an absolute path after "unix:", not {path!r}')
            return cls(path=posixpath.normpath(path))
        host, colon, port = text.rpartition(":")
        if not colon or not (port.isascii() and port.isdigit()) or not 1 <= int(port) <= 65535:
            raise ValueError(f'must be as "127.0.0.1:9464" or "unix:/run/cpanbridge/metrics.sock", not {text!r}')
        plain = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if plain == "localhost":
            plain = "127.0.0.1"
        try:
            address = ipaddress.ip_address(plain)
        except ValueError:
            raise ValueError(f"must have a loopback address, as 127.0.0.1 or [::1], not {host!r}") from None
        if not address.is_loopback:
            # Figures tell an attacker much, and a scrape costs time: both are for this machine, or for a proxy on it.
            raise ValueError(
                f"must have a loopback address, as 127.0.0.1 or [::1], not {host!r}; for other machines put a proxy "
                "with authentication before it"
            )
        return cls(host=str(address), port=int(port))

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
