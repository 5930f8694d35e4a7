"""Whether the months of a log are fit to learn from."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.validation import Validation, validate_log
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def validate(log: AdLog) -> Annotated[Validation, "validation"]:
    """Look for anomalies; an error stops the run, warnings are printed and kept."""
    validation = validate_log(log)
    for anomaly in validation.anomalies:
        print(f"{anomaly.severity}: month {anomaly.month}: {anomaly.what}")
    return validation
