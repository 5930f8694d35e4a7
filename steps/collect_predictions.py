"""What the serving version has answered."""

from typing import Annotated, cast

from zenml import step
from zenml.client import Client

from adclick.bundle.bundle import ServingBundle
from adclick.prediction_log import LoggedPredictions, read_predictions
from serving.deployer import Deployer


@step(enable_cache=False)
def collect_predictions(
    bundle: ServingBundle,
) -> Annotated[LoggedPredictions, "logged_predictions"]:
    """Read the prediction log; never cached, but equal content leaves later steps cached."""
    deployer = cast(Deployer, Client().active_stack.model_deployer)
    predictions = read_predictions(deployer.prediction_log, bundle.schema, bundle.version)
    print(f"{predictions.table.num_rows:,} predictions, {predictions.repeats:,} repeats left out")
    return predictions
