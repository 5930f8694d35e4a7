"""The devices that a training has: those of this process, and other workers' by TF_CONFIG."""

from __future__ import annotations

import faulthandler
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from adclick.arrays import Float64
from adclick.errors import AdclickError
from adclick.training.batches import Shares
from adclick.training.cluster import Cluster, find_cluster

log = logging.getLogger(__name__)

# machines of one job start minutes apart
GATHERING_SECONDS = 1200.0


@dataclass(frozen=True)
class Devices:
    """A tf.distribute strategy over all replicas, and the workers, each with as many of them."""

    strategy: Any
    cluster: Cluster

    @property
    def shares(self) -> Shares:
        """What this worker's replicas train on of each batch: one share a replica."""
        replicas: int = self.strategy.num_replicas_in_sync
        here = replicas // self.cluster.workers
        return Shares(self.cluster.place * here, here, replicas)

    def total(self, values: Float64) -> Float64:
        """The sum of all workers' values, the same to the bit on each of them."""
        if self.cluster.workers == 1:
            return values
        return np.asarray(self.strategy.reduce("SUM", tf.constant(values), axis=None), np.float64)

    @contextmanager
    def naming_lost_workers(self) -> Iterator[None]:
        """Turns TensorFlow's error after the end of another worker into an AdclickError.

        A worker that ends is noticed at once, one that freezes after ten seconds without heartbeat.
        """
        own = self.cluster.task
        try:
            yield
        except tf.errors.OpError as error:
            named = re.findall(r"/job:(\w+)/(?:replica:\d+/)?task:(\d+)", error.message)
            others = [task for kind, index in named if (task := f"{kind} {index}") != own]
            if not others:
                raise
            raise AdclickError(
                f"training stopped: {others[0]}, one of {self.cluster.workers} workers, ended or "
                "does not answer: see its log (a spot machine may have been taken away) and run "
                "again"
            ) from error


def find_devices(gathering_seconds: float = GATHERING_SECONDS) -> Devices:
    """All that this process may train on, without being told.

    TF_CONFIG with more than one worker, as Vertex AI sets it, means one replica a GPU on each of
    them; several devices of this process one replica each; one device no strategy at all.
    With several workers, call it before TensorFlow runs anything; it returns when all are there,
    and ends the process after `gathering_seconds` without them.
    """
    cluster = find_cluster()
    if cluster.workers > 1:
        return Devices(_of_all_workers(cluster, gathering_seconds), cluster)
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) > 1:
        strategy = tf.distribute.MirroredStrategy([device.name for device in devices])
        return Devices(strategy, cluster)
    return Devices(tf.distribute.get_strategy(), cluster)


@cache
def _of_all_workers(cluster: Cluster, gathering_seconds: float) -> Any:
    """The one strategy of this process: TensorFlow joins a cluster only once."""
    log.warning(
        "waiting for %d workers, at most %.0f minutes: %s",
        cluster.workers,
        gathering_seconds / 60,
        ", ".join(cluster.addresses),
    )
    # TensorFlow waits in native code without end, and SIGTERM does not end it either
    faulthandler.dump_traceback_later(gathering_seconds, exit=True)
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    finally:
        faulthandler.cancel_dump_traceback_later()
