"""What a server needs, from the trained model."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.encoder import FeatureEncoder
from adclick.scratch import scratch_folder
from adclick.splitting import Split
from adclick.training.trained import Trained
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def build_bundle(
    log: AdLog, split: Split, encoder: FeatureEncoder, trained: Trained
) -> Annotated[ServingBundle, "serving_bundle"]:
    """Export to ONNX, embed the creatives, and check golden requests."""
    from adclick.bundle.build import build_bundle as build

    return build(log, split, encoder, trained.model, scratch_folder("bundle"))
