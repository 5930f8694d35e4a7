"""FastAPI with ONNX Runtime: `uvicorn benchmarks.serving.peers.fastapi_app:app`."""

from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model

from benchmarks.serving.peers.model import load_model

MODEL, Candidate = load_model()
Candidates = create_model(
    "Candidates", candidates=(list[Candidate], Field(min_length=1, max_length=1000))
)

app = FastAPI()


class Scores(BaseModel):
    """An answer."""

    click_probability: list[float]


# a coroutine: 30 us of scoring on the loop itself cost less than a thread's turn
@app.post("/predict")
async def predict(request: Candidates) -> Scores:
    """Click probabilities of the candidates."""
    return Scores(click_probability=MODEL.score(request.candidates))
