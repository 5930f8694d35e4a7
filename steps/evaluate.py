"""Champion, challenger and baselines on the same later rows."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.evaluation.champion import Champion
from adclick.evaluation.evaluation import Evaluation
from adclick.evaluation.options import EvaluationOptions
from adclick.model.baselines import Baselines
from adclick.splitting import Split
from adclick.training.trained import Trained
from steps.caching import depends_on_code
from steps.model_versions import load_champion_bundle


@step(cache_policy=depends_on_code(__name__))
def evaluate(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    trained: Trained,
    baselines: Baselines,
    champion: Champion,
    options: EvaluationOptions,
) -> Annotated[Evaluation, "evaluation"]:
    """Score the test rows with each model and compare."""
    from adclick.evaluation.contest import contest

    bundle = load_champion_bundle(champion)
    return contest(log, split, encoder, trained.model, baselines, bundle, options)
