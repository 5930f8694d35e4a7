"""The click model."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.splitting import Split
from adclick.training.options import TrainingOptions
from adclick.training.trained import Trained
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def train(
    log: AdLog, split: Split, encoder: FeatureEncoder, options: TrainingOptions
) -> tuple[Annotated[Trained, "click_model"], Annotated[str, "model_fingerprint"]]:
    """Train towers and head, and calibrate; the fingerprint stands for the model's weights."""
    from adclick.training.train import train as fit

    trained = fit(log, split, encoder, options)
    print(f"logloss after each epoch: {[round(loss, 5) for loss in trained.validation_logloss]}")
    return trained, trained.model.fingerprint
