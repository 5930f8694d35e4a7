"""Uses the emulated project as a stack of ours does; prints what came of it.

`python -m tests.gcp.in_cloud.project HOME BUNDLE`, inside the cloud.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stacks.environment import close_logs, prepare, use_server

SECRET = "small"
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
    secrets: ['${SECRET:-}']
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
  model_deployer:
    flavor: seldon_kubernetes
    source: stacks.seldon_kubernetes.SeldonKubernetesFlavor
    connector: gcp
    resource: ${GKE_CLUSTER}
    configuration:
      namespace: ${SELDON_NAMESPACE}
      gateway_url: ${SELDON_GATEWAY_URL}
      image: ${SELDON_IMAGE}
      bundles: gs://${ADCLICK_BUCKET}/bundles
      prediction_log: gs://${ADCLICK_BUCKET}/predictions
      ready_seconds: 120
      workers: 1
"""


def main() -> None:
    from stacks.definition import parse_stack

    definition = parse_stack(STACK, Path("emulated.yaml"), os.environ)
    with_secret = parse_stack(STACK, Path("emulated.yaml"), {**os.environ, "SECRET": SECRET})
    prepare(Path(__file__).resolve().parents[3], Path(sys.argv[1]))
    assert definition.server is not None
    use_server(definition.server)
    from zenml.client import Client
    from zenml.enums import StackComponentType

    from adclick.bundle.bundle import load_bundle
    from adclick.errors import AdclickError
    from stacks.registration import activate
    from tests.gcp.in_cloud.small_pipeline import VARIABLE, small

    client = Client()
    try:
        activate(with_secret)
    except AdclickError as error:
        unknown = str(error)
    activate(definition)
    client.create_secret(SECRET, {VARIABLE: "never-to-be-seen"})
    activate(with_secret)
    (artifact,) = small().steps["make"].outputs["output"]
    activate(definition)
    left = client.get_stack_component(StackComponentType.ORCHESTRATOR, "emulated-local").secrets
    deployer = client.active_stack.model_deployer
    assert deployer is not None
    deployment = deployer.deploy(load_bundle(sys.argv[2]), "adclick-tiny")
    deployer.stop()
    found = client.verify_service_connector("emulated-gcp").resources
    facts = {
        "server": client.zen_store.url,
        "artifact": artifact.uri,
        "value": artifact.load(),
        "unknown_secret": unknown,
        "secrets_left": len(left),
        "deployed": deployment.version,
        "golden_checked": deployment.golden_checked,
        "bundle": deployer.seldon.bundle_uri(deployment.version),
        "resources": {kind.resource_type: kind.resource_ids for kind in found},
    }
    print(json.dumps(facts))
    close_logs()


if __name__ == "__main__":
    main()
