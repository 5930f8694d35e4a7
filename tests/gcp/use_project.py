"""Uses the emulated project as a stack of ours does; prints what came of it.

`python -m tests.gcp.use_project HOME`, inside the cloud.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stacks.environment import close_logs, prepare, use_server

STACK = """
name: emulated
server:
  url: ${ZENML_STORE_URL}
  api_key: ${ZENML_STORE_API_KEY}
connectors:
  gcp:
    type: gcp
    auth_method: implicit
    configuration:
      project_id: ${GCP_PROJECT}
components:
  orchestrator:
    flavor: local
  artifact_store:
    flavor: gcp
    connector: gcp
    resource: gs://${ADCLICK_BUCKET}
    configuration:
      path: gs://${ADCLICK_BUCKET}/artifacts
  container_registry:
    flavor: gcp
    connector: gcp
    resource: ${ADCLICK_REGISTRY}
    configuration:
      uri: ${ADCLICK_REGISTRY}
"""


def main() -> None:
    from stacks.definition import parse_stack

    definition = parse_stack(STACK, Path("emulated.yaml"), os.environ)
    prepare(Path(__file__).resolve().parents[2], Path(sys.argv[1]))
    assert definition.server is not None
    use_server(definition.server)
    from zenml.client import Client

    from stacks.registration import activate
    from tests.gcp.small_pipeline import small

    activate(definition)
    (artifact,) = small().steps["make"].outputs["output"]
    client = Client()
    kubernetes = client.get_service_connector_client(
        "emulated-gcp", resource_type="kubernetes-cluster", resource_id=os.environ["GKE_CLUSTER"]
    ).connect()
    found = client.verify_service_connector("emulated-gcp").resources
    facts = {
        "server": client.zen_store.url,
        "artifact": artifact.uri,
        "value": artifact.load(),
        "cluster": kubernetes.configuration.host,
        "nothing": _status(kubernetes),
        "resources": {kind.resource_type: kind.resource_ids for kind in found},
    }
    print(json.dumps(facts))
    close_logs()


def _status(kubernetes: object) -> int:
    from kubernetes.client import ApiException

    path = "/apis/machinelearning.seldon.io/v1/namespaces/serving/seldondeployments/none"
    try:
        kubernetes.call_api(path, "GET", auth_settings=["BearerToken"])  # type: ignore[attr-defined]
    except ApiException as error:
        return int(error.status)
    return 200


if __name__ == "__main__":
    main()
