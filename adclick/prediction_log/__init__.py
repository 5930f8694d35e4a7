"""The prediction log: every answered request with its features, score, version, time and id."""

from adclick.prediction_log.names import CANDIDATE, GOLDEN, MODEL_VERSION, REPLAYED, REQUEST, SCORE
from adclick.prediction_log.reading import LoggedPredictions, prediction_table, read_predictions
from adclick.prediction_log.writer import PredictionLogWriter

__all__ = [
    "CANDIDATE",
    "GOLDEN",
    "MODEL_VERSION",
    "REPLAYED",
    "REQUEST",
    "SCORE",
    "LoggedPredictions",
    "PredictionLogWriter",
    "prediction_table",
    "read_predictions",
]
