"""Whether the bundle's own server answers as the model was evaluated, and how fast."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.encoder import FeatureEncoder
from adclick.evaluation.serving import ServingFigures
from adclick.splitting import Split
from adclick.training.trained import Trained
from steps.caching import depends_on_code

SERVER = ("serving.host", "serving.worker")


@step(cache_policy=depends_on_code(__name__, *SERVER))
def check_serving(
    log: AdLog, split: Split, encoder: FeatureEncoder, trained: Trained, bundle: ServingBundle
) -> Annotated[ServingFigures, "serving_figures"]:
    """Start the server on this machine, replay test rows, and stop it: nothing is left of it."""
    from adclick.evaluation.offline import make_replay
    from serving.check import check_serving as check

    figures = check(bundle, make_replay(log, split, encoder, trained.model))
    print(
        f"{figures.requests} requests, {figures.failed} failed; largest skew {figures.max_skew:.1e}"
        f"{': ' + figures.skew if figures.skew else ''}; p99 {figures.p99_ms:.1f} ms"
    )
    return figures
