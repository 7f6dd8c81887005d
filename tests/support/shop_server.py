"""A small shop on the web, with a login, a cookie and a list of several pages, for tests."""

from __future__ import annotations

import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

__all__ = ["ShopServer"]

THINGS = [
    ("N\xe4gel, 100 St&uuml;ck &quot;extra&quot;", "3,50 &euro;"),
    ("Schrauben &amp; <b>Muttern</b>", "12,00 &euro;"),
    ("D\xfcbel", "1,99 &euro;"),
    ("Hammer", "19,95 &euro;"),
    ("S\xe4ge", "24,00&nbsp;&euro;"),
]
PER_PAGE = 2


class _Shop(BaseHTTPRequestHandler):
    """Who has no cookie is asked to log in; pages come in Latin-1, compressed by nobody."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.command} {self.path}")
        url = urllib.parse.urlsplit(self.path)
        if url.path != "/list":
            self._answer(404, "<p>no such page</p>")
        elif "session=s3cret" not in self.headers.get("Cookie", "").split("; "):
            self._answer(401, "<p>who are you?</p>")
        else:
            self._answer(200, self._page(int(urllib.parse.parse_qs(url.query)["page"][0])))

    do_HEAD = do_GET

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append(f"POST {self.path} {body}")
        form = dict(urllib.parse.parse_qsl(body))
        if (form.get("user"), form.get("password")) != ("J\xfcrgen", "a&b=c d"):
            self._answer(403, "<p>no</p>")
            return
        self.send_response(303)
        self.send_header("Set-Cookie", "session=s3cret; Path=/; Max-Age=3600")
        self.send_header("Set-Cookie", "other=x; Path=/elsewhere")
        self.send_header("Location", form["back"])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _page(self, number: int) -> str:
        first = (number - 1) * PER_PAGE
        rows = "".join(
            f'<tr><td>{name}</td>\n<td>{price}</td><td><a href="thing/{first + at}?a=1&amp;b=2">more</a></td></tr>\n'
            for at, (name, price) in enumerate(THINGS[first : first + PER_PAGE])
        )
        more = f'<a rel="next" href="?page={number + 1}&amp;x=%20">more</a>' if first + PER_PAGE < len(THINGS) else ""
        return f"<html><body><table>{rows}</table>{more}</body></html>"

    def _answer(self, status: int, html: str) -> None:
        body = html.encode("latin-1")
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=ISO-8859-1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Shop)
        self.asked: list[str] = []


class ShopServer:
    """Serves on a port of 127.0.0.1 as long as it is used as a context.

    Attributes:
        url: of its start.
        asked: each request: method, path, and the body of a form.
    """

    def __init__(self) -> None:
        self._server = _Server()
        self.asked = self._server.asked
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
