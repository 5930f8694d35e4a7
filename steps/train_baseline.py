"""The baseline that every evaluation shows beside the click model."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.model.baseline import LogisticBaseline
from adclick.splitting import Split
from adclick.training.baseline import train_baseline as fit
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def train_baseline(
    log: AdLog, split: Split, encoder: FeatureEncoder
) -> Annotated[LogisticBaseline, "baseline"]:
    """Fit a logistic regression to the training rows."""
    return fit(log, split, encoder)
