"""Champion against challenger, from a log and models to an evaluation."""

from __future__ import annotations

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.encoding.encoder import FeatureEncoder
from adclick.evaluation.evaluation import Evaluation, EvaluationOptions, compare
from adclick.evaluation.scoring import score_test_rows
from adclick.model.baseline import LogisticBaseline
from adclick.model.click_model import ClickModel
from adclick.splitting import Split


def contest(
    log: AdLog,
    split: Split,
    encoder: FeatureEncoder,
    challenger: ClickModel,
    baseline: LogisticBaseline,
    champion: ServingBundle | None,
    options: EvaluationOptions,
) -> Evaluation:
    """The evaluation of a challenger beside the baselines and, if there is one, the champion.

    A champion may have been trained on months that are now tested on; the evaluation says so.
    """
    rows = score_test_rows(log, split, encoder, challenger, baseline, champion)
    tested_on = split.test.describe()
    if champion is None:
        return compare(rows, options, tested_on)
    manifest = champion.manifest
    by_month = not set(manifest.training_months).isdisjoint(split.test.months)
    same_holdout = manifest.trained_on == split.training.describe()
    return compare(rows, options, tested_on, manifest.version, by_month and not same_holdout)
