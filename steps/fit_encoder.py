"""The encoding of columns."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.encoding.fit import fit_encoder as fit
from adclick.splitting import Split
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def fit_encoder(log: AdLog, split: Split) -> Annotated[FeatureEncoder, "feature_encoder"]:
    """Fit vocabularies and scales on the training rows."""
    return fit(log, split.training)
