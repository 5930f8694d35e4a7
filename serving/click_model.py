"""The model class that Seldon serves, under its stock wrapper and under `serving.host` alike."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from seldon_core.env_utils import NONIMPLEMENTED_MSG, get_image_name, get_model_name
from seldon_core.flask_utils import SeldonMicroserviceException

from adclick.bundle.bundle import ServingBundle, load_bundle
from adclick.encoding.candidate import Candidates, parse_candidates
from adclick.errors import AdclickError, RequestError
from adclick.prediction_log import PredictionLogWriter
from adclick.schema import Schema
from serving.doors import doors
from serving.golden import check_golden, golden_scorer
from serving.protocol import PredictionRequest, Row, read_request, write_answer

if TYPE_CHECKING:
    from adclick.bundle.scorer import Scorer


@dataclass(frozen=True)
class Answer:
    """Scores of a request's candidates, and how many of their creatives the model never saw.

    `unknown_creatives` is None where the schema has no creatives.
    """

    scores: list[float]
    unknown_creatives: int | None


class ClickModel:
    """Answers Seldon v1 prediction requests from a bundle, and logs what it answered.

    `bundle` and `prediction_log` are folders. Nothing is read before `load`, which Seldon calls in
    each worker, after its fork.
    """

    def __init__(self, bundle: str, prediction_log: str) -> None:
        self._path = bundle
        self._log = PredictionLogWriter(prediction_log)
        self._log_lock = threading.Lock()
        self._scorer: Scorer | None = None
        self.model_error_handler = doors()

    def load(self) -> None:
        """Load the bundle and check its first golden request.

        Raises AdclickError for whatever goes wrong: Seldon takes an AttributeError for "has no
        load method" and would serve without a model.
        """
        try:
            # not before the fork: onnxruntime 1.32 starts a thread when it is imported, and a
            # child forked after that waits for it at exit for ever
            from adclick.bundle.scorer import Scorer

            bundle = load_bundle(self._path)
            scorer = Scorer(bundle)
            check_golden(bundle, bundle.golden[:1], golden_scorer(scorer))
        except Exception as error:
            raise AdclickError(f"bundle {self._path} cannot be served: {error}") from error
        self._scorer = scorer

    @property
    def bundle(self) -> ServingBundle:
        """The loaded bundle."""
        return self._loaded().bundle

    def predict_raw(self, message: object) -> dict[str, Any]:
        """The answer to a decoded request body, as Seldon v1 message.

        This hook sees the JSON as sent. Seldon's `predict(X, names)` gets an array made of it:
        numbers beside text become text, ragged rows fail, and a TypeError calls it twice.
        Raises SeldonMicroserviceException, answered with status 400, for a bad request.
        """
        try:
            request = read_request(message)
            answer = self.answer(request)
        except RequestError as error:
            raise SeldonMicroserviceException(str(error)) from None
        tags: dict[str, Any] = {"model_version": self.bundle.version}
        if answer.unknown_creatives is not None:
            tags["unknown_creatives"] = answer.unknown_creatives
        return write_answer(request, answer.scores, tags, _own_path())

    def answer(self, request: PredictionRequest) -> Answer:
        """Score and log a request's candidates; raises RequestError that names row and column."""
        scorer = self._loaded()
        schema = scorer.bundle.schema
        candidates = parse_candidates(schema, request.rows)
        scores = scorer.score(candidates)
        if not np.isfinite(scores).all():
            row = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise RequestError(f"row {row}: its numbers are too large to be scored")
        answer = Answer(scores.tolist(), _unknown_creatives(scorer, candidates))
        logged = _logged(schema, request.rows, candidates)
        with self._log_lock:
            self._log.append(request.request_id, scorer.bundle.version, logged, answer.scores)
        return answer

    def health_status(self) -> str:
        """Which version is loaded; raises, answered with status 503, before one is."""
        return f"version {self.bundle.version} is loaded"

    def _loaded(self) -> Scorer:
        if self._scorer is None:
            raise SeldonMicroserviceException(
                "the model is not loaded", status_code=503, reason="MICROSERVICE_NOT_READY"
            )
        return self._scorer


def _unknown_creatives(scorer: Scorer, candidates: Candidates) -> int | None:
    if scorer.bundle.schema.creative is None:
        return None
    return scorer.familiarity(candidates).count("unknown")


def _logged(schema: Schema, rows: Sequence[Row], candidates: Candidates) -> list[dict[str, Any]]:
    # as sent, so that a default is not taken for an observation; but numbers as the float that was
    # scored, since a JSON integer may have more digits than the log's columns can hold
    logged = [{name: row.get(name) for name in schema.features} for row in rows]
    for name in schema.numeric:
        for row, number in zip(logged, candidates.columns[name], strict=True):
            if row[name] is not None:
                row[name] = number
    return logged


def _own_path() -> dict[str, str]:
    name = get_model_name()
    return {} if name == NONIMPLEMENTED_MSG else {name: get_image_name()}
