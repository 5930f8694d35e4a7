"""Whether the gateway's routes are as they were asked for: they follow the pods by some seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import requests

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.prediction_log import GOLDEN
from serving.acceptance import NotServedError, check_served
from serving.access import Access
from serving.client import PREDICTIONS, PredictionClient
from serving.golden import GoldenCheck

POLL_SECONDS = 0.5
SECONDS = 10.0


class Gateway:
    """A model's address at the ingress gateway, whose routes have `seconds` to turn.

    It is asked with `access`, where it asks for a token.
    """

    def __init__(self, url: str, seconds: float, access: Access) -> None:
        self._url = url
        self._seconds = seconds
        self._access = access

    def await_only(self, bundle: ServingBundle) -> GoldenCheck:
        """All golden requests answered by this version; raises AdclickError for a wrong score."""
        found: list[GoldenCheck] = []

        def problem() -> str | None:
            try:
                found.append(check_served(bundle, self._url, self._access))
            except NotServedError as error:
                return str(error)
            return None

        self._await(problem)
        return found[0]

    def await_all(self, bundles: Sequence[ServingBundle]) -> None:
        """Each of these versions answers a share; raises AdclickError for a wrong score."""
        silent = {bundle.version for bundle in bundles}
        with PredictionClient(self._url, access=self._access) as client:

            def problem() -> str | None:
                for bundle in bundles:
                    silent.difference_update(_answering(client, bundle))
                return f"{self._url} gives no answer of {', '.join(silent)}" if silent else None

            self._await(problem, pause=0.0)

    def await_copies(self, champion: ServingBundle, count: Callable[[], int]) -> None:
        """Requests answered by the champion that raise what the shadow's pods `count`."""
        before = count()

        def problem() -> str | None:
            try:
                check_served(champion, self._url, self._access)
            except NotServedError as error:
                return str(error)
            return None if count() > before else "no copy of a request reaches the shadow"

        self._await(problem, pause=0.05)

    def await_refusal(self) -> None:
        """Nobody is answered without a token; raises AdclickError when somebody is."""
        stranger = replace(self._access, key=None, token=None)

        def problem() -> str | None:
            with stranger.session() as session:
                try:
                    answer = session.post(self._url + PREDICTIONS, json={}, timeout=SECONDS)
                except requests.RequestException as error:
                    return f"{self._url} does not answer ({type(error).__name__})"
            refused = answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden)
            return None if refused else f"{self._url} answers without a token"

        self._await(problem)

    def _await(self, problem: Callable[[], str | None], pause: float = POLL_SECONDS) -> None:
        deadline = time.monotonic() + self._seconds
        while (what := problem()) is not None:
            if time.monotonic() > deadline:
                raise AdclickError(
                    f"its pods are ready, but {self._seconds:g} s later {what}; "
                    "check the gateway's address and Seldon's ingress"
                )
            time.sleep(pause)


def _answering(client: PredictionClient, bundle: ServingBundle) -> set[str]:
    """Which versions answer the bundle's golden requests.

    Another version may refuse them, having other columns: it is then asked its own.
    """
    found = set()
    for number, golden in enumerate(bundle.golden):
        try:
            prediction = client.predict([golden.features], f"{GOLDEN}{bundle.version}-{number}")
        except AdclickError:
            continue
        found.add(prediction.version)
        wrong = abs(prediction.scores[0] - golden.score)
        if prediction.version == bundle.version and not wrong <= bundle.manifest.tolerance:
            raise AdclickError(
                f"golden request {number} of version {bundle.version} is off by {wrong:.3g} at the "
                "gateway"
            )
    return found
