"""What the serving version has answered, and what was clicked of it."""

from datetime import UTC, datetime
from typing import Annotated, cast

from zenml import step
from zenml.client import Client

from adclick.bundle.bundle import ServingBundle
from adclick.feedback.options import FeedbackOptions
from adclick.feedback.predictions import LabelledPredictions, read_labelled
from serving.deployer import Deployer


@step(enable_cache=False)
def collect_predictions(
    bundle: ServingBundle, options: FeedbackOptions
) -> Annotated[LabelledPredictions, "logged_predictions"]:
    """Join the prediction log with its feedback; never cached, but equal content caches the rest.

    What still awaits its click has no label.
    """
    deployer = cast(Deployer, Client().active_stack.model_deployer)
    now = datetime.now(UTC)
    found = read_labelled(deployer.prediction_log, bundle.schema, bundle.version, options, now)
    print(found.counts.line)
    return found
