"""A version's pods, asked one by one: the gateway would choose between them and other versions'."""

from __future__ import annotations

from typing import Any

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from adclick.observation import Observation
from adclick.prediction_log import GOLDEN
from serving.client import PREDICTIONS
from serving.golden import GoldenCheck, check_golden
from serving.kubernetes.api import KubernetesApi, Resource
from serving.kubernetes.manifest import PREDICTOR_LABEL
from serving.kubernetes.pod import MODEL, PORT
from serving.observation import parse_metrics
from serving.protocol import SCORE_NAME


class PredictorPods:
    """The pods of one predictor, reached through the Kubernetes API's proxy."""

    def __init__(self, api: KubernetesApi, predictor: str) -> None:
        self._api = api
        self._predictor = predictor

    def all(self) -> list[Resource]:
        """The pods, ready or not."""
        return self._api.pods({PREDICTOR_LABEL: self._predictor})

    def any_ready(self) -> bool:
        """Whether one of them can answer."""
        return bool(self._ready())

    def check_golden(self, bundle: ServingBundle) -> GoldenCheck:
        """Ask each ready pod all golden requests; raises AdclickError for a wrong answer."""
        checks = [self._check(pod, bundle) for pod in self._ready()]
        if not checks:
            raise AdclickError("none of its pods is ready any more")
        return GoldenCheck(checks[0].checked, max(c.largest_difference for c in checks))

    def observe(self) -> dict[str, Observation] | None:
        """What each ready pod answered since its server started; None when one does not say."""
        try:
            return {
                f"{pod}, restarted {restarts} times": parse_metrics(
                    str(self._api.ask_pod(pod, PORT, "/metrics"))
                )
                for pod, restarts in self._ready().items()
            }
        except AdclickError:
            return None

    def _check(self, pod: str, bundle: ServingBundle) -> GoldenCheck:
        numbers = iter(range(len(bundle.golden)))

        def score(features: dict[str, Any]) -> float:
            meta = {"puid": f"{GOLDEN}{bundle.version}-{next(numbers)}"}
            body = {"meta": meta, "jsonData": [features]}
            answer = self._api.ask_pod(pod, PORT, PREDICTIONS, body)
            try:
                return float(answer["jsonData"][SCORE_NAME][0])
            except (ValueError, KeyError, TypeError, IndexError) as error:
                raise AdclickError(f"pod {pod} answers with something else than a score") from error

        return check_golden(bundle, bundle.golden, score)

    def _ready(self) -> dict[str, int]:
        """The pods whose server is ready, and how often that was restarted."""
        return {
            str(pod["metadata"]["name"]): int(container.get("restartCount", 0))
            for pod in self.all()
            for container in (pod.get("status") or {}).get("containerStatuses") or ()
            if container["name"] == MODEL and container.get("ready")
        }
