"""What the months of a log are like, column by column."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.statistics.anomaly import AnomalyOptions
from adclick.statistics.log import LogStatistics, describe_log
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def statistics(log: AdLog, options: AnomalyOptions) -> Annotated[LogStatistics, "statistics"]:
    """Describe every month and find what is unusual; the page is there whatever stops the run."""
    described = describe_log(log, options)
    columns = len(described.months[-1].columns)
    print(
        f"{len(described.months)} months, {columns} columns, {len(described.anomalies)} anomalies"
    )
    return described
