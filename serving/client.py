"""A client of the prediction endpoint."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import requests

from adclick.errors import AdclickError
from serving.protocol import SCORE_NAME

PREDICTIONS = "/api/v1.0/predictions"


@dataclass(frozen=True)
class Prediction:
    """An answer: scores[i] is the click probability of the request's i-th row."""

    scores: tuple[float, ...]
    version: str
    request_id: str


def curl(url: str, features: Mapping[str, Any]) -> str:
    """A command line that asks for the score of one candidate, for people to try."""
    body = shlex.quote(json.dumps({"jsonData": features}))
    return f"curl -s {url}{PREDICTIONS} -H 'Content-Type: application/json' -d {body}"


class PredictionClient:
    """Asks one server for predictions over a connection that stays open; one per thread."""

    def __init__(self, url: str, timeout: float = 10.0) -> None:
        self._url = url.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        # a proxy from the environment knows no way to a local server
        self._session.trust_env = False

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
        except requests.RequestException as error:
            raise AdclickError(
                f"{self._url} does not answer ({type(error).__name__}): is the server running?"
            ) from error
        if answer.status_code != requests.codes.ok:
            raise AdclickError(f"{self._url} answered {answer.status_code}: {_message(answer)}")
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


def _message(answer: requests.Response) -> str:
    try:
        return str(answer.json()["status"]["info"])
    except (ValueError, KeyError, TypeError):
        return answer.reason
