"""The click model."""

from typing import Annotated
from uuid import UUID

from zenml import step
from zenml.client import Client

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.splitting import Split
from adclick.training.options import TrainingOptions
from adclick.training.start import Start
from adclick.training.trained import Trained
from adclick.training.warm_start import WarmStart
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def train(
    log: AdLog, split: Split, encoder: FeatureEncoder, start: Start, options: TrainingOptions
) -> tuple[Annotated[Trained, "click_model"], Annotated[str, "model_fingerprint"]]:
    """Train tower and head, and calibrate; the fingerprint stands for the model's weights.

    A step that was killed goes on, when it is run again, after the last epoch that it finished.
    """
    from adclick.training.train import train as fit

    store = f"{Client().active_stack.artifact_store.path}/checkpoints"
    trained = fit(log, split, encoder, options, store, _former(start))
    if trained.begun_with:
        print(f"begun with {trained.begun_with}")
    print(f"logloss after each epoch: {[round(loss, 5) for loss in trained.validation_logloss]}")
    return trained, trained.model.fingerprint


def _former(start: Start) -> WarmStart | None:
    if start.version is None:
        return None
    trained, encoder = (
        Client().get_artifact_version(UUID(artifact)).load()
        for artifact in (start.model, start.encoder)
    )
    return WarmStart(start.version, trained.model, encoder)
