"""What the champion learned from, in figures that later months are compared with."""

from typing import Annotated

from zenml import step

from adclick.adlog import AdLog
from adclick.bundle.bundle import ServingBundle
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.reference import Reference
from adclick.splitting import Split
from steps.caching import depends_on_code


@step(cache_policy=depends_on_code(__name__))
def profile_reference(
    learned: AdLog, split: Split, bundle: ServingBundle, checks: DriftChecks
) -> Annotated[Reference, "reference_profile"]:
    """Profile the training months, and score the test rows: once for a champion."""
    from adclick.monitoring.months import profile_reference as profile

    reference = profile(learned, split, bundle, checks)
    whole = reference.whole
    print(f"{whole.impressions:,} impressions of {whole.period}, {len(whole.columns)} columns")
    return reference
