"""A handshake as the daemon's streams have it: step by step, outside any call; a line tells the caller of its end."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable
from typing import Any

import msgspec

from bridge.api import ErrorType, Step
from bridge.modules._tls_filter import TlsConnection, TlsFilter

__all__ = ["Handshake"]

PREFIX = "tls.start: "


class Handshake:
    """The handshake of one connection.

    Args:
        tls: the connection.
        seconds: in which it must be over.
        on_success: called when it is; what it returns is told to the caller besides.

    Attributes:
        seconds: as given.
    """

    def __init__(self, tls: TlsFilter, seconds: float, on_success: Callable[[TlsConnection], dict[str, Any]]) -> None:
        self.seconds = seconds
        self._tls = tls
        self._on_success = on_success

    # --- bridge.api.Negotiation ---

    def step(self, data: bytes | None) -> Step:
        """Go on with what the peer sent."""
        try:
            done, answer = self._tls.step(data)
        except ssl.SSLError as error:
            fault = self._failure(error)
            return Step(_line(fault), self._tls.last_words(), over=False, why=self._told_operators(fault))
        if not done:
            return Step(to_peer=answer)
        tls = self._tls.tls
        assert isinstance(tls, TlsConnection)
        told = {"success": True, "result": {**_told(tls), **self._on_success(tls)}}
        return Step(_line(told), answer, over=True)

    def expired(self) -> Step:
        """Say that the peer took too long."""
        text = f"the {self._peer} did not finish the handshake in time"
        fault = _fault(text, {"exception": "HandshakeTimeoutError"})
        return Step(_line(fault), over=False, why=self._told_operators(fault))

    # --- inside ---

    @property
    def _peer(self) -> str:
        return "client" if self._tls.tls.server_side else "server"

    def _told_operators(self, fault: dict[str, Any]) -> str:
        """Say for the log what the caller is told, and which side it was."""
        tls = self._tls.tls
        asked = tls.asked_name if isinstance(tls, TlsConnection) else None
        name = asked if tls.server_side else tls.server_hostname
        side = "server" if tls.server_side else "client"
        return f"{fault['error'].removeprefix(PREFIX)} (as {side}{f', for {name}' if name else ''})"

    def _failure(self, error: ssl.SSLError) -> dict[str, Any]:
        """Say what went wrong, in OpenSSL's words where it was OpenSSL."""
        details: dict[str, object] = {"exception": type(error).__name__}
        if isinstance(error, ssl.SSLCertVerificationError):
            text = f"certificate verify failed: {error.verify_message}"
            details["verify_code"] = error.verify_code
        elif isinstance(error, ssl.SSLEOFError):
            text = f"the {self._peer} closed the connection during the handshake"
        else:
            text = (error.reason or str(error)).replace("_", " ").lower()
        if error.reason:
            details["reason"] = error.reason
        return _fault(text, details)


def _fault(text: str, details: dict[str, object]) -> dict[str, Any]:
    return {"success": False, "error_type": ErrorType.FUNCTION_ERROR, "error": f"{PREFIX}{text}", **details}


def _line(document: dict[str, Any]) -> bytes:
    return msgspec.json.encode(document) + b"\n"


def _told(tls: TlsConnection) -> dict[str, Any]:
    name, _, bits = tls.cipher() or ("", "", 0)
    certificates = tls.chain(verified=False)
    return {
        "version": tls.version(),
        "cipher": name,
        "bits": bits,
        "alpn": tls.selected_alpn_protocol(),
        "certificates": [base64.b64encode(der).decode() for der in certificates],
        "reused": bool(tls.session_reused),
        "asked_name": tls.asked_name,
    }
