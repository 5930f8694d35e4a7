"""The baselines that every evaluation shows beside the click model."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.model.baselines import Baselines
from adclick.splitting import Split
from adclick.training.baselines import train_baselines as fit
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def train_baseline(
    log: AdLog, split: Split, encoder: FeatureEncoder
) -> Annotated[Baselines, "baseline"]:
    """Fit a logistic regression and boosted trees to the training rows."""
    return fit(log, split, encoder)
