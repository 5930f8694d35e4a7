"""What is checked: a stack's definition, what its steps ask for, and ways to look at both."""

from __future__ import annotations

from dataclasses import dataclass

from adclick.resources import Resources
from stacks.checks.google import Google
from stacks.checks.web import Web
from stacks.definition import StackDefinition


@dataclass(frozen=True)
class Subject:
    """A stack and the resources that its steps get; `google` and `web` are how checks look."""

    definition: StackDefinition
    resources: Resources
    google: Google
    web: Web

    @property
    def region(self) -> str:
        """Where steps run, if the orchestrator says."""
        return str(self.definition.components["orchestrator"].configuration.get("location", ""))
