"""A service of BentoML: `bentoml serve benchmarks.serving.peers.bentoml_service:Clicks`."""

import os

import bentoml

from benchmarks.serving.peers import WORKERS
from benchmarks.serving.peers.model import load_model

MODEL, Candidate = load_model()


@bentoml.service(workers=int(os.environ[WORKERS]), logging={"access": {"enabled": False}})
class Clicks:
    """Scores candidates."""

    @bentoml.api
    async def predict(self, candidates: list[Candidate]) -> list[float]:
        """Click probabilities of the candidates."""
        return MODEL.score(candidates)
