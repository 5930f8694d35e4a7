"""The workers that train together, as TF_CONFIG names them."""

from __future__ import annotations

import os
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from adclick.errors import AdclickError
from adclick.schema import describe

VARIABLE = "TF_CONFIG"
CHIEF = "chief 0"


class _Task(BaseModel):
    type: Literal["chief", "worker"]
    index: int


class _Addresses(BaseModel):
    chief: tuple[str, ...] = ()
    worker: tuple[str, ...] = ()


class _Config(BaseModel):
    cluster: _Addresses = _Addresses()
    task: _Task | None = None

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.task is None:
            if len(self.names) > 1:
                raise ValueError("it names several workers and says no task")
        elif self.names and self.name not in self.names:
            raise ValueError(f"{self.name} is not in the cluster of {len(self.names)}")
        return self

    @property
    def name(self) -> str:
        return f"{self.task.type} {self.task.index}" if self.task else CHIEF

    @property
    def names(self) -> tuple[str, ...]:
        addresses = {"chief": self.cluster.chief, "worker": self.cluster.worker}
        return tuple(f"{kind} {i}" for kind, known in addresses.items() for i in range(len(known)))


class Cluster(BaseModel):
    """Addresses of all workers, the chief's first, and which of them this process is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    addresses: tuple[str, ...] = ("localhost",)
    place: int = 0
    task: str = CHIEF

    @property
    def workers(self) -> int:
        """How many processes train together, this one among them."""
        return len(self.addresses)


def find_cluster() -> Cluster:
    """The cluster in TF_CONFIG, or this process alone; raises AdclickError when it is malformed.

    Vertex AI sets TF_CONFIG on each replica, where there is but one as well. Source:
    https://cloud.google.com/vertex-ai/docs/training/distributed-training#tf-config
    """
    try:
        config = _Config.model_validate_json(os.environ.get(VARIABLE) or "{}")
    except ValidationError as error:
        raise AdclickError(
            f"environment variable {VARIABLE}: {describe(error)}; unset it to train with one worker"
        ) from error
    if len(config.names) <= 1:
        return Cluster()
    addresses = (*config.cluster.chief, *config.cluster.worker)
    return Cluster(addresses=addresses, place=config.names.index(config.name), task=config.name)
