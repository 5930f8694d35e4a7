"""A client of the prediction endpoint."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import requests

from adclick.errors import AdclickError
from serving.access import CA, CERTIFICATE, KEY, TOKEN, Access, environment_access
from serving.protocol import SCORE_NAME

PREDICTIONS = "/api/v1.0/predictions"
NOTHING = Access()


@dataclass(frozen=True)
class Prediction:
    """An answer: scores[i] is the click probability of the request's i-th row."""

    scores: tuple[float, ...]
    version: str
    request_id: str


def curl(url: str, features: Mapping[str, Any]) -> str:
    """A command line that asks for the score of one candidate, for people to try.

    A key or token that the environment has is named by its variable.
    """
    body = shlex.quote(json.dumps({"jsonData": features}))
    shown = environment_access().curl
    return f"curl -s {url}{PREDICTIONS} -H 'Content-Type: application/json'{shown} -d {body}"


class PredictionClient:
    """Asks one server for predictions over a connection that stays open; one per thread.

    `access` is what the API's edge asks for, such as `environment_access()`; a server itself needs
    none.
    """

    def __init__(self, url: str, timeout: float = 10.0, access: Access = NOTHING) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = access.session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; a server that stops need not wait for it then."""
        self._session.close()

    def predict(
        self, rows: Sequence[Mapping[str, Any]], request_id: str | None = None
    ) -> Prediction:
        """Click probabilities of `rows`, each a candidate's features by name.

        Without a `request_id` the server makes one. Raises AdclickError when the server does not
        answer, or with its message when it refuses.
        """
        body: dict[str, Any] = {"jsonData": list(rows)}
        if request_id is not None:
            body["meta"] = {"puid": request_id}
        try:
            answer = self._session.post(self._url + PREDICTIONS, json=body, timeout=self._timeout)
        except requests.exceptions.InvalidJSONError as error:
            raise AdclickError(f"rows are no JSON: {error}") from error
        except requests.exceptions.SSLError as error:
            raise AdclickError(
                f"no TLS with {self._url} ({_why(error)}): set {CA} to the file of its CA, and "
                f"{CERTIFICATE} where it asks for one"
            ) from error
        except requests.RequestException as error:
            raise AdclickError(
                f"{self._url} does not answer ({type(error).__name__}): is the server running?"
            ) from error
        if answer.status_code != requests.codes.ok:
            todo = f"; set {KEY} or {TOKEN}" if answer.status_code in (401, 403) else ""
            raise AdclickError(
                f"{self._url} answered {answer.status_code}: {_message(answer)}{todo}"
            )
        try:
            content = answer.json()
            return Prediction(
                scores=tuple(content["jsonData"][SCORE_NAME]),
                version=content["meta"]["tags"]["model_version"],
                request_id=content["meta"]["puid"],
            )
        except (ValueError, KeyError, TypeError) as error:
            raise AdclickError(
                f"{self._url} answered with something else than a prediction: is it the right URL?"
            ) from error

    def is_healthy(self) -> bool:
        """Whether a server answers and has its model loaded."""
        try:
            answer = self._session.get(self._url + "/health/status", timeout=self._timeout)
        except requests.RequestException:
            return False
        return answer.status_code == requests.codes.ok


def _why(error: requests.exceptions.SSLError) -> str:
    found = re.search(r"SSL: \w+\] ([^(\"']+)", str(error))
    return found[1].strip() if found else "no reason is given"


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["status"]["info"])
    except (ValueError, KeyError, TypeError):
        return answer.reason
