"""The `kubernetes_with_code` orchestrator: ZenML's own, whose orchestrator pod has our code too.

ZenML lets each step's pod download the code, and not the one that starts them, which loads the
whole stack: without the code it ends at our first flavor with a CustomFlavorImportError.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from zenml.integrations.kubernetes.flavors import KubernetesOrchestratorFlavor
from zenml.integrations.kubernetes.orchestrators import KubernetesOrchestrator

FLAVOR = "kubernetes_with_code"
POD = Path(__file__).with_name("orchestrator_pod.py")


class KubernetesWithCodeOrchestrator(KubernetesOrchestrator):
    """ZenML's Kubernetes orchestrator, but for what its own pod does first."""

    def _submit_orchestrator_job(self, *, command: list[str], **job: Any) -> Any:
        python = command[0]
        with_code = [python, "-c", POD.read_text(encoding="utf-8")]
        return super()._submit_orchestrator_job(command=with_code, **job)


class KubernetesWithCodeFlavor(KubernetesOrchestratorFlavor):
    """Registers the orchestrator with ZenML."""

    @property
    def name(self) -> str:
        """The flavor's name in stacks/*.yaml."""
        return FLAVOR

    @property
    def implementation_class(self) -> type[KubernetesWithCodeOrchestrator]:
        """The component."""
        return KubernetesWithCodeOrchestrator
