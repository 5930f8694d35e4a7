"""The model class that Seldon serves, under its stock wrapper and under `serving.host` alike."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from adclick.bundle.bundle import ServingBundle, load_bundle
from adclick.encoding.candidate import Candidates, read_candidates
from adclick.errors import AdclickError, RequestError
from adclick.feedback import FeedbackLogWriter, feedback_root
from adclick.prediction_log import PredictionLogWriter
from adclick.schema import Schema
from serving.errors import NOT_READY, ServerError, as_server_error
from serving.feedback import accept_feedback
from serving.golden import check_golden, golden_scorer
from serving.metrics import ServerMetrics
from serving.options import NewImages
from serving.protocol import PredictionRequest, read_request, write_answer

if TYPE_CHECKING:
    from flask import Blueprint

    from adclick.arrays import Float32
    from adclick.bundle.new_creatives import NewCreatives
    from adclick.bundle.scorer import Scorer

KNOWN, NEW, UNKNOWN = "known", "new", "unknown"


@dataclass(frozen=True)
class Answer:
    """Scores of a request's candidates, and how many of their creatives are of which kind.

    Those kinds are known, unknown and, where images are taken, new. `creatives` is empty where the
    schema has no creatives.
    """

    scores: list[float]
    creatives: dict[str, int]

    def tags(self, version: str) -> dict[str, Any]:
        """What an answer says beside the scores."""
        tags: dict[str, Any] = {"model_version": version}
        if self.creatives:
            tags["unknown_creatives"] = self.creatives[UNKNOWN]
        if NEW in self.creatives:
            tags["new_creatives"] = self.creatives[NEW]
        return tags


class ClickModel:
    """Answers Seldon v1 prediction requests from a bundle, logs what it answered and counts it.

    `bundle` is a folder, `prediction_log` one or any fsspec URL; `image_hosts` are those, between
    commas, from which `new_images="url"` fetches. Nothing is read before `load`, which Seldon calls
    in each worker, after its fork.
    """

    counters: ServerMetrics

    def __init__(
        self,
        bundle: str,
        prediction_log: str,
        new_images: NewImages = "off",
        image_hosts: str = "",
    ) -> None:
        self._new_images = new_images
        self._image_hosts = tuple(image_hosts.split(",")) if image_hosts else ()
        self._new_creatives: NewCreatives | None = None
        self._image_key = b""
        self._path = bundle
        self._log = PredictionLogWriter(prediction_log)
        self._feedback = FeedbackLogWriter(feedback_root(prediction_log))
        self._scorer: Scorer | None = None

    @property
    def model_error_handler(self) -> Blueprint:
        """What the stock wrapper registers on its Flask app, which nobody else has to import."""
        from serving.doors import doors

        return doors(self)

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
            if self._new_images != "off" and bundle.schema.image is not None:
                self._new_creatives = self._take_images(scorer)
                self._image_key = json.dumps(bundle.schema.image).encode()
        except Exception as error:
            # in one line, which ONNX Runtime's messages are not
            why = " ".join(str(error).split())
            raise AdclickError(f"bundle {self._path} cannot be served: {why}") from error
        self.counters = ServerMetrics(bundle.version)
        self._scorer = scorer

    def _take_images(self, scorer: Scorer) -> NewCreatives:
        # only here: decoders of images are 15 MB that most servers have no use for
        from adclick.bundle.image_source import ImageSource
        from adclick.bundle.new_creatives import NewCreatives

        if self._new_images == "url" and not self._image_hosts:
            raise AdclickError("new_images is url, but image_hosts names no host to fetch from")
        return NewCreatives(
            scorer, ImageSource(self._image_hosts if self._new_images == "url" else ())
        )

    @property
    def takes_images(self) -> bool:
        """Whether requests may bring the images of new creatives."""
        return self._new_creatives is not None

    def brings_images(self, body: bytes) -> bool:
        """Whether a request's body may hold images, which take milliseconds or are waited for."""
        return self.takes_images and self._image_key in body

    @property
    def bundle(self) -> ServingBundle:
        """The loaded bundle."""
        return self._loaded().bundle

    def predict_raw(self, message: object) -> object:
        """The answer to a decoded request body, or to a SeldonMessage that came by gRPC, in kind.

        This hook of the stock wrapper sees the JSON as sent. Seldon's `predict(X, names)` gets an
        array made of it: numbers beside text become text, ragged rows fail, and a TypeError calls
        it twice. Raises ServerError.
        """
        try:
            if not hasattr(message, "DESCRIPTOR"):
                return self.predict(message)
            from serving.seldon_proto import from_proto, to_proto

            return to_proto(self.predict(from_proto(message)))
        except Exception as error:
            raise as_server_error(error) from None

    def predict(self, message: object) -> dict[str, Any]:
        """The answer to a decoded request body; raises RequestError for a bad one."""
        request = read_request(message)
        answer = self.answer(request)
        return write_answer(request, answer.scores, answer.tags(self.bundle.version), _own_path())

    def answer(self, request: PredictionRequest) -> Answer:
        """Score, log and count a request's candidates.

        Raises RequestError that names row and column.
        """
        scorer = self._loaded()
        schema = scorer.bundle.schema
        images = self._new_creatives
        candidates = read_candidates(schema, request.sent, images=images is not None)
        new = images.embed(candidates) if images is not None else None
        scores = scorer.score(candidates, new)
        if not np.isfinite(scores).all():
            row = int(np.flatnonzero(~np.isfinite(scores))[0])
            raise RequestError(f"row {row}: its numbers are too large to be scored")
        answer = Answer(scores.tolist(), _creatives(scorer, candidates, new))
        logged = _logged(schema, candidates)
        self._log.append(request.request_id, scorer.bundle.version, logged, answer.scores)
        self.counters.count_scores(answer.scores, answer.creatives)
        self.count_lost()
        return answer

    def send_feedback_raw(self, message: object) -> object:
        """What a Feedback message that came by gRPC, or under the stock wrapper, is answered.

        Raises ServerError.
        """
        try:
            from serving.seldon_proto import from_feedback, to_proto

            return to_proto(self.feedback(from_feedback(message)))
        except Exception as error:
            raise as_server_error(error) from None

    def feedback(self, message: object) -> dict[str, Any]:
        """Log a decoded Feedback message; raises RequestError for a bad one."""
        self._loaded()
        answer = accept_feedback(message, self._feedback)
        self.count_lost()
        return answer

    def count_lost(self) -> None:
        """Bring the metric of what this worker's logs lost up to date."""
        self.counters.count_lost("predictions", self._log.dropped)
        self.counters.count_lost("feedback", self._feedback.dropped)

    def health_status(self) -> str:
        """Which version is loaded; raises ServerError, with status 503, before one is."""
        return f"version {self.bundle.version} is loaded"

    def init_metadata(self) -> dict[str, Any]:
        """What is served, for Seldon's /metadata; the stock wrapper asks for it before `load`."""
        return {"name": model_name(), "versions": [load_bundle(self._path).version]}

    def close(self) -> None:
        """Write out what was answered and fed back; nothing that comes later is logged."""
        self._log.close()
        self._feedback.close()

    def _loaded(self) -> Scorer:
        if self._scorer is None:
            raise ServerError("the model is not loaded", 503, "not_ready", NOT_READY)
        return self._scorer


def model_name() -> str:
    """The model's name in its Seldon graph; `adclick` outside of one."""
    return os.environ.get("PREDICTIVE_UNIT_ID", "adclick")


def _creatives(
    scorer: Scorer, candidates: Candidates, new: Mapping[int, Float32] | None
) -> dict[str, int]:
    familiarity = scorer.familiarity(candidates, new)
    kinds = (KNOWN, UNKNOWN) if new is None else (KNOWN, NEW, UNKNOWN)
    return {kind: familiarity.count(kind) for kind in kinds} if familiarity else {}


def _logged(schema: Schema, candidates: Candidates) -> dict[str, Sequence[Any]]:
    # as sent, so that a default is not taken for an observation; but numbers as the float that was
    # scored, since a JSON integer may have more digits than the log's columns can hold
    logged = {name: candidates.sent[name] for name in schema.features}
    for name in schema.numeric:
        numbers = candidates.columns[name]
        if None in logged[name]:
            numbers = [
                None if value is None else number
                for value, number in zip(logged[name], numbers, strict=True)
            ]
        logged[name] = numbers
    return logged


def _own_path() -> dict[str, str]:
    # what Seldon's operator says of the container, as the stock wrapper would note it
    name = os.environ.get("PREDICTIVE_UNIT_ID")
    image = os.environ.get("PREDICTIVE_UNIT_IMAGE", "NOT_IMPLEMENTED:NOT_IMPLEMENTED")
    return {} if name is None else {name: image}
