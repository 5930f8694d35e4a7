"""Emulated: an Istio route's weights and its mirror, dealt out evenly rather than by chance."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Routes:
    """`weights` of Deployments, which sum to 100, and the one that gets `copies` per cent."""

    weights: dict[str, int]
    mirror: str | None = None
    copies: int = 0
    _credit: dict[str, int] = field(default_factory=dict, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, compare=False)

    @classmethod
    def to(cls, predictors: dict[str, dict[str, Any]]) -> Self:
        """As the operator writes them: a shadow without a share gets all, as Istio has it."""
        weights = {d: p.get("traffic", 0) for d, p in predictors.items() if not p.get("shadow")}
        for deployment, predictor in predictors.items():
            if predictor.get("shadow"):
                return cls(weights, deployment, predictor.get("traffic") or 100)
        return cls(weights)

    def next(self) -> tuple[str, str | None]:
        """Who answers the next request, and who gets a copy of it."""
        with self._lock:
            for deployment, weight in self.weights.items():
                self._credit[deployment] = self._credit.get(deployment, 0) + weight
            chosen = max(self.weights, key=lambda deployment: self._credit[deployment])
            self._credit[chosen] -= 100
            if self.mirror is None:
                return chosen, None
            self._credit[self.mirror] = self._credit.get(self.mirror, 0) + self.copies
            if self._credit[self.mirror] < 100:
                return chosen, None
            self._credit[self.mirror] -= 100
            return chosen, self.mirror
