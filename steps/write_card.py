"""The model card of the version that comes of a run."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.card.card import ModelCard
from adclick.card.code_version import CodeVersion
from adclick.card.lineage import version_lineage
from adclick.config import RunConfig
from adclick.evaluation.champion import Champion
from adclick.evaluation.decision import Decision
from adclick.evaluation.evaluation import Evaluation
from adclick.evaluation.serving import ServingFigures
from adclick.splitting import Split
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def write_card(
    model: str,
    bundle: ServingBundle,
    log: AdLog,
    split: Split,
    config: RunConfig,
    code: CodeVersion,
    champion: Champion,
    evaluation: Evaluation,
    decision: Decision,
    serving: ServingFigures,
) -> Annotated[ModelCard, "model_card"]:
    """Gather where the version comes from and what was found out about it."""
    lineage = version_lineage(bundle, log, split, config, code, champion.version)
    print(f"{lineage.version}: code {lineage.code}, configuration {lineage.config_hash}")
    return ModelCard(
        model=model, lineage=lineage, evaluation=evaluation, decision=decision, serving=serving
    )
