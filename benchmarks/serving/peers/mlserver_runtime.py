"""A custom runtime of MLServer: a column an input, as the Open Inference Protocol has them."""

from __future__ import annotations

import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.serving.peers.model import load_model


class ClickRuntime(MLModel):
    """Scores rows that it puts together from their columns."""

    async def load(self) -> bool:
        """Load the bundle."""
        self._click_model, self._candidate = load_model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Click probabilities of the candidates."""
        names = [column.name for column in payload.inputs]
        columns = [column.data.root for column in payload.inputs]
        candidates = [
            self._candidate.model_validate(dict(zip(names, row, strict=True)))
            for row in zip(*columns, strict=True)
        ]
        scores = np.array(self._click_model.score(candidates))
        return InferenceResponse(
            model_name=self.name, outputs=[NumpyCodec.encode_output("click_probability", scores)]
        )
