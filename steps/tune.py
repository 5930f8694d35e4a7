"""A search for training settings."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.splitting import Split, SplitOptions
from adclick.training.options import TrainingOptions
from adclick.training.trials import Trials, TuningOptions
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def tune(
    log: AdLog,
    split: Split,
    options: TrainingOptions,
    tuning: TuningOptions,
    splitting: SplitOptions,
) -> tuple[Annotated[TrainingOptions, "tuned_options"], Annotated[Trials, "tuning_trials"]]:
    """Try settings within the budget; the best are those that the model is trained with."""
    from adclick.training.tuning import tune as search

    trials = search(log, split, options, tuning, splitting)
    best = trials.trials[trials.best]
    print(
        f"best of {len(trials.trials)}: logloss {best.logloss:.5f}, {best.settings or 'as it was'}"
    )
    return trials.options, trials
