"""Which rows train, calibrate and test."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.splitting import Split, SplitOptions, split_by_time
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def split(log: AdLog, options: SplitOptions) -> Annotated[Split, "split"]:
    """Divide the log by time, or by id where it has one month."""
    result = split_by_time(log, options)
    print(f"train on {result.training.describe()}, test on {result.test.describe()}")
    return result
