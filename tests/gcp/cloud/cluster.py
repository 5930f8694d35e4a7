"""Emulated: the cluster's Kubernetes API and gateway; its pods are real Seldon server processes.

`python -m tests.gcp.cloud.cluster FOLDER PYTHON`, with the Python of the serving environment, which
has what the serving image has. The pods find in their environment whom to trust, as in this one.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from tests.gcp.cloud import names
from tests.kubernetes.emulated_api import EmulatedApi
from tests.kubernetes.emulated_cluster import EmulatedCluster
from tests.kubernetes.emulated_pod import Node
from tests.kubernetes.emulated_reviews import ClusterFacts

NODE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH")


def main() -> None:
    node = Node(Path(sys.argv[2]), {name: os.environ[name] for name in NODE_VARIABLES})
    cluster = EmulatedCluster(Path(sys.argv[1]), node)
    facts = ClusterFacts(user=names.PIPELINE_ACCOUNT)
    api = EmulatedApi(cluster, names.CLUSTER_PORT, names.TOKEN, facts)
    print(f"emulated: Kubernetes API at {api.url}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
