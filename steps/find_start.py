"""The version whose weights a training begins with."""

from typing import Annotated

from zenml import step

from adclick.splitting import Split
from adclick.training.start import Start
from steps.model_versions import start_for


@step(enable_cache=False)
def find_start(model: str, split: Split) -> Annotated[Start, "start"]:
    """Ask ZenML who is in production; never cached, since a deployment changes the answer."""
    start = start_for(model, max(split.training.months))
    print(f"begins with: {start.version or 'nothing, no version is of earlier months'}")
    return start
