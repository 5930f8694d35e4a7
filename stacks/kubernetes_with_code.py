"""The `kubernetes_with_code` orchestrator: ZenML's own, whose orchestrator pod has our code too.

ZenML lets each step's pod download the code, and not the one that starts them, which loads the
whole stack: without the code it ends at our first flavor with a CustomFlavorImportError.
"""

from __future__ import annotations

from pathlib import Path

from zenml.integrations.kubernetes.flavors import KubernetesOrchestratorFlavor
from zenml.integrations.kubernetes.orchestrators import KubernetesOrchestrator
from zenml.models import PipelineRunResponse, PipelineSnapshotResponse
from zenml.orchestrators import SubmissionResult

FLAVOR = "kubernetes_with_code"
POD = Path(__file__).with_name("orchestrator_pod.py")


class KubernetesWithCodeOrchestrator(KubernetesOrchestrator):
    """ZenML's Kubernetes orchestrator, but for what its own pod does first."""

    def _submit_orchestrator_job(
        self,
        snapshot: PipelineSnapshotResponse,
        command: list[str],
        args: list[str],
        environment: dict[str, str],
        placeholder_run: PipelineRunResponse | None = None,
    ) -> SubmissionResult | None:
        python, *_ = command
        with_code = [python, "-c", POD.read_text(encoding="utf-8")]
        return super()._submit_orchestrator_job(
            snapshot, with_code, args, environment, placeholder_run
        )


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
