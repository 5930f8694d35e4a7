"""Whether a server gives a bundle's golden answers over HTTP."""

from __future__ import annotations

from typing import Any

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.prediction_log import GOLDEN
from serving.access import Access
from serving.client import NOTHING, PredictionClient
from serving.golden import GoldenCheck, check_golden


class NotServedError(AdclickError):
    """The server gave no answer, or that of another version, which may change by itself."""


def check_served(bundle: ServingBundle, url: str, access: Access = NOTHING) -> GoldenCheck:
    """Ask the server at `url` all of the bundle's golden requests, with `access` where it asks.

    Raises NotServedError when it does not answer or serves another version, and AdclickError when
    it scores otherwise.
    """
    # the same ids each time: the prediction log's readers count a repeated request once
    ids = (f"{GOLDEN}{bundle.version}-{number}" for number in range(len(bundle.golden)))
    with PredictionClient(url, access=access) as client:

        def score(features: dict[str, Any]) -> float:
            try:
                prediction = client.predict([features], next(ids))
            except AdclickError as error:
                raise NotServedError(str(error)) from error
            if prediction.version != bundle.version:
                raise NotServedError(f"{url} serves version {prediction.version}")
            return prediction.scores[0]

        return check_golden(bundle, bundle.golden, score)
