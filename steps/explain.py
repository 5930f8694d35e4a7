"""What the model goes by."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.encoding.encoder import FeatureEncoder
from adclick.explanation.explanation import Explanation
from adclick.splitting import Split
from adclick.training.trained import Trained
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def explain(
    log: AdLog, split: Split, encoder: FeatureEncoder, trained: Trained
) -> Annotated[Explanation, "explanation"]:
    """Shuffle columns, rank pictures by their effect, and cover parts of them."""
    from adclick.explanation.explain import explain as look

    explanation = look(log, split, encoder, trained.model)
    for one in explanation.importances[:5]:
        print(f"{one.group} shuffled: logloss {one.logloss:+.5f}, AUC {-one.auc:+.4f}")
    return explanation
