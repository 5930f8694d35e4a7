"""Emulated APIs on ports of this machine, and a way for checks to take them for the real hosts."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from werkzeug.serving import WSGIRequestHandler, make_server

from stacks.checks.web import Web

EVERY_HOST = "*"


class Served:
    """A WSGI application on a port of its own until `close`; over TLS with certificate and key."""

    def __init__(self, application: Any, tls: tuple[Path, Path] | None = None) -> None:
        files = (str(tls[0]), str(tls[1])) if tls else None
        self._server = make_server(
            "127.0.0.1",
            0,
            application,
            threaded=True,
            request_handler=_QuietHandler,
            ssl_context=files,
        )
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()


class RedirectedWeb(Web):
    """Leads requests for a host to an address of this machine; `*` is for all other hosts."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = dict(addresses)

    def adapter(self) -> HTTPAdapter:
        """What carries requests."""
        return _Redirecting(self.addresses)


class _Redirecting(HTTPAdapter):
    def __init__(self, addresses: Mapping[str, str]) -> None:
        super().__init__(max_retries=0)
        self._addresses = addresses

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        asked = urlsplit(str(request.url))
        address = self._addresses.get(str(asked.hostname), self._addresses.get(EVERY_HOST))
        if address is None:
            return super().send(request, **options)
        there = request.copy()
        there.headers["Host"] = asked.netloc
        there.url = urlunsplit(("http", address, asked.path, asked.query, ""))
        try:
            response = super().send(there, **options)
        except requests.RequestException as error:
            error.request = request
            raise
        # as if the real host had answered
        response.url, response.request = str(request.url), request
        return response


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: object) -> None:
        """Nothing: the tests say what went wrong."""
