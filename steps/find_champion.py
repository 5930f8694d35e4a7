"""The version in production."""

from typing import Annotated

from zenml import step

from adclick.evaluation.champion import Champion
from steps.model_versions import champion_for


@step(enable_cache=False)
def find_champion(model: str, fingerprint: str) -> Annotated[Champion, "champion"]:
    """Ask ZenML who is in production; never cached, since a deployment changes the answer."""
    champion = champion_for(model, fingerprint)
    print(f"champion: {champion.version or 'none yet'}")
    return champion
