"""Whether a server gives a bundle's golden answers over HTTP."""

from __future__ import annotations

from typing import Any

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.prediction_log import GOLDEN
from serving.client import PredictionClient
from serving.golden import GoldenCheck, check_golden


def why_not_served(bundle: ServingBundle, url: str) -> str | None:
    """Why the server at `url` does not answer with the bundle's version; None where it does."""
    with PredictionClient(url) as client:
        try:
            features, name = bundle.golden[0].features, f"{GOLDEN}{bundle.version}-0"
            version = client.predict([features], name).version
        except AdclickError as error:
            return str(error)
    return None if version == bundle.version else f"{url} serves version {version}"


def check_served(bundle: ServingBundle, url: str) -> GoldenCheck:
    """Ask the server at `url` all of the bundle's golden requests.

    Raises AdclickError when it does not answer, serves another version, or scores otherwise.
    """
    # the same ids each time: the prediction log's readers count a repeated request once
    ids = (f"{GOLDEN}{bundle.version}-{number}" for number in range(len(bundle.golden)))
    with PredictionClient(url) as client:

        def score(features: dict[str, Any]) -> float:
            prediction = client.predict([features], next(ids))
            if prediction.version != bundle.version:
                raise AdclickError(f"{url} serves version {prediction.version}")
            return prediction.scores[0]

        return check_golden(bundle, bundle.golden, score)
