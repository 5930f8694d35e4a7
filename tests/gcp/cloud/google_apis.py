"""Emulated: the methods of Google's REST APIs by which `run.py --check` looks at a project.

A WSGI application, which answers by the request's Host. Each request, and each answer, is checked
against the discovery document of its API: what Google would not understand is refused with 400, and
what Google would not answer is a failed assertion.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from werkzeug import Request, Response

from tests.gcp.cloud import names
from tests.gcp.cloud.discovered import Method, methods
from tests.gcp.cloud.google_answers import ANSWERS, Answer, Call, RefusalError
from tests.gcp.cloud.project import EmulatedProject

DISABLED = "{} has not been used in project {} before or it is disabled. Enable it by visiting ..."


def google_apis(project: EmulatedProject) -> Callable[..., Any]:
    """The application; what a test changes in `project` is so from the next request on."""
    known = [(methods(document)[name], answer) for (document, name), answer in ANSWERS.items()]

    @Request.application
    def application(request: Request) -> Response:
        try:
            if (request.host, request.path) == ("oauth2.googleapis.com", "/token"):
                return _json(_token(request), 200)
            return _json(_answer(project, known, request), 200)
        except RefusalError as refused:
            return _json(refused.content, refused.code)

    return application


def _answer(
    project: EmulatedProject, known: list[tuple[Method, Answer]], request: Request
) -> dict[str, Any]:
    host = request.host.partition(":")[0]
    # of a path with %2F in it: the server has decoded that already
    path = str(request.environ.get("REQUEST_URI", request.path)).partition("?")[0]
    for method, answer in known:
        found = method.path.fullmatch(path)
        if (method.host, method.verb) != (host, request.method) or found is None:
            continue
        _admit(project, host, request)
        query, body = request.args.to_dict(flat=False), request.get_json(silent=True)
        problems = method.problems(query, body)
        if problems:
            raise RefusalError(400, "INVALID_ARGUMENT", "; ".join(problems))
        arguments = {name: unquote(value) for name, value in found.groupdict().items()}
        content = answer(Call(project, arguments, query, body))
        assert not method.answer_problems(content), method.answer_problems(content)
        return content
    raise RefusalError(404, "NOT_FOUND", f"emulated: {host} has no {request.method} {path}")


def _admit(project: EmulatedProject, host: str, request: Request) -> None:
    if host in project.broken:
        raise RefusalError(503, "UNAVAILABLE", "The service is currently unavailable.")
    if request.headers.get("Authorization") != f"Bearer {names.TOKEN}":
        raise RefusalError(401, "UNAUTHENTICATED", "Request had invalid credentials.")
    if host in project.off:
        message = DISABLED.format(host, names.PROJECT)
        raise RefusalError(403, "PERMISSION_DENIED", message, "SERVICE_DISABLED")


def _token(request: Request) -> dict[str, Any]:
    """Where a service account's key or a user's refresh token becomes an access token."""
    if request.form.get("assertion") or request.form.get("refresh_token") == "emulated":
        return {"access_token": names.TOKEN, "expires_in": 3600, "token_type": "Bearer"}
    raise RefusalError(400, "invalid_grant", "Bad Request")


def _json(content: Any, status: int) -> Response:
    return Response(json.dumps(content), status, content_type="application/json")
