"""Deploys a bundle as a pipeline's step does, through a ZenML stack; prints what ZenML then says.

`python -m tests.kubernetes.use_flavor HOME BUNDLE`; a process of its own, because ZenML keeps its
store and its active stack for each process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from stacks.environment import close_logs, prepare

STACK = """
name: emulated
components:
  orchestrator:
    flavor: local
  artifact_store:
    flavor: local
    configuration:
      path: ${ADCLICK_HOME}/artifacts
  model_deployer:
    flavor: seldon_kubernetes
    source: stacks.seldon_kubernetes.SeldonKubernetesFlavor
    configuration:
      namespace: serving
      name: flavored
      gateway_url: ${GATEWAY_URL}
      image: ${IMAGE}
      bundles: ${BUCKET}/bundles
      prediction_log: ${BUCKET}/predictions
      kubernetes_context: ${KUBERNETES_CONTEXT:-}
      max_replicas: ${MAX_REPLICAS:-}
      ready_seconds: "60"
      workers: 1
"""


def main() -> None:
    home, bundle = Path(sys.argv[1]), sys.argv[2]
    prepare(Path(__file__).resolve().parents[2], home)
    from zenml.client import Client
    from zenml.services.service import BaseDeploymentService

    from adclick.bundle.bundle import load_bundle
    from stacks.definition import parse_stack
    from stacks.registration import activate

    activate(parse_stack(STACK, Path("emulated.yaml"), os.environ))
    deployer = Client().active_stack.model_deployer
    assert deployer is not None
    deployment = deployer.deploy(load_bundle(bundle), "adclick-tiny")
    (record,) = Client().list_services().items
    service = BaseDeploymentService.from_model(Client().get_service(record.id))
    facts = {
        "version": deployment.version,
        "prediction_log": deployer.prediction_log,
        "served": deployer.status().version,
        "record": record.name,
        "state": service.check_status()[0].value,
        "info": deployer.get_model_server_info(service),
    }
    service.deprovision()
    facts["stopped"] = service.check_status()
    service.provision()
    facts["served_again"] = deployer.status().version
    facts["stopped_last"] = deployer.stop().version
    print(json.dumps(facts, default=str))
    close_logs()


if __name__ == "__main__":
    main()
