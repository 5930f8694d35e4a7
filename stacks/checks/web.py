"""How checks reach the network: short time-outs, and refusals as one kind of error."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

SECONDS = 10
# how Google's APIs, old and new, say that an API is not enabled in the project
OFF = ("SERVICE_DISABLED", "accessNotConfigured")


class ApiError(Exception):
    """A refusal: the HTTP `status` and the server's words. `off` is the API that is not enabled."""

    def __init__(self, host: str, status: int, message: str, off: str | None = None) -> None:
        super().__init__(f"{host} answered {status}: {message}")
        self.status = status
        self.message = message
        self.off = off


class Web:
    """Makes the sessions of checks; a test's own leads elsewhere."""

    def adapter(self) -> HTTPAdapter:
        """What carries requests: once, since a busy server is a finding too."""
        return HTTPAdapter(max_retries=0)

    def prepared(self, session: requests.Session) -> requests.Session:
        """The session, carried by `adapter`."""
        for scheme in ("http://", "https://"):
            session.mount(scheme, self.adapter())
        return session

    def session(self) -> requests.Session:
        """A session without credentials: not even those that ~/.netrc has for the host."""
        session = self.prepared(requests.Session())
        session.auth = _unchanged
        return session


def answer_of(response: requests.Response) -> dict[str, Any]:
    """The JSON object in an answer; raises ApiError for a refusal, and for anything else."""
    host = str(urlsplit(response.url).hostname)
    try:
        content = response.json()
    except ValueError:
        content = None
    if not response.ok:
        raise _refusal(host, response, content)
    if not isinstance(content, dict):
        raise ApiError(host, response.status_code, "no JSON object: is it the right address?")
    return content


def unreachable(error: requests.RequestException) -> str:
    """In a few words why there was no answer."""
    host = host_of(error)
    if isinstance(error, requests.Timeout):
        return f"{host} does not answer within {SECONDS} s"
    cause: BaseException = error
    while isinstance(cause.args[0] if cause.args else None, BaseException):
        cause = cause.args[0]
    cause = getattr(cause, "reason", cause)
    return f"{host} can't be reached ({type(cause).__name__})"


def host_of(error: requests.RequestException) -> str:
    """The host that was asked."""
    asked = urlsplit(str(error.request.url)).hostname if error.request is not None else None
    return asked or "the server"


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _refusal(host: str, response: requests.Response, content: Any) -> ApiError:
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return ApiError(host, response.status_code, response.reason)
    message = " ".join(str(error.get("message", response.reason)).split())
    reasons = [*error.get("details", ()), *error.get("errors", ())]
    is_off = any(reason.get("reason") in OFF for reason in reasons)
    return ApiError(host, response.status_code, message, host if is_off else None)
