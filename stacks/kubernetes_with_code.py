"""The `kubernetes_with_code` orchestrator: ZenML's own, whose orchestrator pod has our code too.

ZenML lets each step's pod download the code, and not the one that starts them, which loads the
whole stack: without the code it ends at our first flavor with a CustomFlavorImportError.
"""

from __future__ import annotations

from pathlib import Path

from zenml.enums import ExecutionStatus
from zenml.integrations.kubernetes.flavors import KubernetesOrchestratorFlavor
from zenml.integrations.kubernetes.orchestrators import KubernetesOrchestrator
from zenml.models import PipelineRunResponse, PipelineSnapshotResponse
from zenml.orchestrators import SubmissionResult

FLAVOR = "kubernetes_with_code"
POD = Path(__file__).with_name("orchestrator_pod.py")


class KubernetesWithCodeOrchestrator(KubernetesOrchestrator):
    """ZenML's Kubernetes orchestrator, but for what its own pod does first and of lost runs."""

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

    def fetch_status(
        self, run: PipelineRunResponse, include_steps: bool = False
    ) -> tuple[ExecutionStatus | None, dict[str, ExecutionStatus] | None]:
        """The statuses of the run and its steps; ValueError for a run that the cluster lost.

        ZenML's says nothing of such a run, and whoever waits for it would wait for ever.
        """
        namespace = self.config.kubernetes_namespace
        selector = f"run_id={run.id}"
        jobs = self._k8s_batch_api.list_namespaced_job(namespace, label_selector=selector, limit=1)
        if not jobs.items:
            raise ValueError(f"run {run.name} has no Job in {namespace}")
        return super().fetch_status(run, include_steps)


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
