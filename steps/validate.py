"""Whether the months of a log are fit to learn from."""

from typing import Annotated

from zenml import step

from adclick.statistics.log import LogStatistics, Validation, validate_log
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def validate(statistics: LogStatistics) -> Annotated[Validation, "validation"]:
    """Stop the run at an error among the anomalies; warnings are printed and kept."""
    validation = validate_log(statistics)
    for anomaly in validation.anomalies:
        print(f"{anomaly.severity}: {anomaly.line}")
    return validation
