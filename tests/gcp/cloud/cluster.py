"""Emulated: the cluster's Kubernetes API and gateway; its pods are real processes.

`python -m tests.gcp.cloud.cluster STATE SERVING_PYTHON STEPS_PYTHON`, with the Pythons of the
serving and the gcp environment, which have what the images have. The pods find in theirs whom to
trust, as in this one. Below STATE, `pods` has servers and `jobs` has pipelines' pods, with their
logs, and takes faults (`emulated_jobs.PodFaults`).
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from tests.container import Containers
from tests.gcp.cloud import names
from tests.kubernetes.emulated_api import EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster
from tests.kubernetes.emulated_job_pod import PodHost
from tests.kubernetes.emulated_jobs import EmulatedJobs
from tests.kubernetes.emulated_jobs_api import JobsApi
from tests.kubernetes.emulated_pod import Node
from tests.kubernetes.emulated_reviews import ClusterFacts

HTTPS_PORT = 443
NODE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")


def main() -> None:
    state, serving, steps = map(Path, sys.argv[1:])
    trust = {name: os.environ[name] for name in NODE_VARIABLES}
    jobs = _jobs(state / "jobs", Containers(steps, trust, state / "jobs/root"))
    namespaces = {
        names.SERVING_NAMESPACE: {"default"},
        jobs.namespace: {"default", names.PIPELINE_KUBERNETES_ACCOUNT},
    }
    facts = ClusterFacts(user=names.PIPELINE_ACCOUNT, namespaces=namespaces)
    cluster = EmulatedCluster(state / "pods", Node(serving, trust))
    api = EmulatedApi(cluster, names.CLUSTER_PORT, names.TOKEN, facts, JobsApi(jobs))
    print(f"emulated: Kubernetes API at {api.url}", flush=True)
    threading.Event().wait()


def _jobs(folder: Path, containers: Containers) -> EmulatedJobs:
    authority = Path(os.environ["SSL_CERT_FILE"])
    host = PodHost(containers, folder, (names.CLUSTER_ADDRESS, HTTPS_PORT), authority)
    accounts = ("default", names.PIPELINE_KUBERNETES_ACCOUNT)
    return EmulatedJobs(names.PIPELINE_NAMESPACE, accounts, host)


if __name__ == "__main__":
    main()
