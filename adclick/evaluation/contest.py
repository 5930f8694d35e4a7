"""Champion against challenger, from a log and models to an evaluation."""

from __future__ import annotations

from adclick.adlog import BUCKETS, AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.encoder import FeatureEncoder
from adclick.errors import AdclickError
from adclick.evaluation.evaluation import Evaluation, compare
from adclick.evaluation.options import EvaluationOptions
from adclick.evaluation.scoring import score_test_rows
from adclick.model.baselines import Baselines
from adclick.model.click_model import ClickModel
from adclick.splitting import Split


def contest(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    challenger: ClickModel,
    baselines: Baselines,
    champion: ServingBundle | None,
    options: EvaluationOptions,
) -> Evaluation:
    """The evaluation of a challenger beside the baselines and, if there is one, the champion.

    A champion may have been trained on months that are now tested on; the evaluation says so, and
    the decision is against the challenger then. Raises AdclickError where the challenger was: then
    the rows say nothing about it.
    """
    leaked = sorted(set(challenger.training_months).intersection(split.test.months))
    if leaked and not _by_id(split):
        raise AdclickError(
            f"the challenger was trained on {', '.join(leaked)}, on which it is to be tested: "
            "train it on the months before, or test it on later ones"
        )
    rows = score_test_rows(log, split, encoder, challenger, baselines, champion, options.clusters)
    tested_on = split.test.describe()
    if champion is None:
        return compare(rows, options, tested_on)
    return compare(rows, options, tested_on, champion.manifest.version, _saw_test(champion, split))


def _by_id(split: Split) -> bool:
    """Whether test rows are those of some ids instead of later ones."""
    return split.test.end_bucket - split.test.first_bucket < BUCKETS


def _saw_test(champion: ServingBundle, split: Split) -> bool:
    manifest = champion.manifest
    by_month = not set(manifest.training_months).isdisjoint(split.test.months)
    same_holdout = manifest.trained_on == split.training.describe()
    return by_month and not same_holdout
