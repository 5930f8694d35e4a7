"""A stack's definition: the components that stacks/NAME.yaml lists, variables filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    SecretStr,
    ValidationError,
    model_validator,
)

from adclick.errors import AdclickError
from adclick.schema import describe

STACKS = Path(__file__).parent
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class ServerDefinition(BaseModel):
    """The ZenML server that keeps a stack's runs, and the key of the account that runs use."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    api_key: SecretStr


class ImageDefinition(BaseModel):
    """The image of steps that run elsewhere: `built` already, or to be built on `base`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str
    built: str | None = None


class ConnectorDefinition(BaseModel):
    """A service connector of ZenML's: how components of the stack are authenticated."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    auth_method: str
    configuration: dict[str, Any] = {}


class ComponentDefinition(BaseModel):
    """One component: ZenML's flavor, or ours with the class that defines it as `source`.

    `connector` names one of the stack's, `resource` what of the connector's the component uses.
    Steps find `environment` in theirs, and the values of ZenML's `secrets` of these names. One that
    `needs` a variable is no part of the stack where that is not set.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flavor: str
    source: str | None = None
    configuration: dict[str, Any] = {}
    connector: str | None = None
    resource: str | None = None
    environment: dict[str, str] = {}
    secrets: tuple[str, ...] = ()
    needs: str | None = None


class EngineDefinition(BaseModel):
    """Who runs units of data work: threads of a step's machine, or the Ray cluster at `address`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["threads", "ray"] = "threads"
    address: str | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What steps are told of it."""
        told = {"ADCLICK_ENGINE": self.kind, "RAY_ADDRESS": self.address}
        return {name: value for name, value in told.items() if value}


class StackDefinition(BaseModel):
    """A named stack: components by ZenML's component type.

    Without a `server` its runs are kept on this machine, without an `image` its steps run in the
    process that starts them. `engine` is for steps whose work comes in units.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    server: ServerDefinition | None = None
    image: ImageDefinition | None = None
    connectors: dict[str, ConnectorDefinition] = {}
    components: dict[str, ComponentDefinition]
    engine: EngineDefinition = EngineDefinition()

    @model_validator(mode="after")
    def _connected(self) -> Self:
        for kind, component in self.components.items():
            if component.connector is not None and component.connector not in self.connectors:
                raise ValueError(f"{kind}: the stack has no connector {component.connector!r}")
        return self

    @property
    def registered(self) -> dict[str, ComponentDefinition]:
        """The components as ZenML is to know them: the orchestrator tells steps of the engine."""
        return {
            kind: component.model_copy(
                update={"environment": self.engine.environment | component.environment}
            )
            if kind == "orchestrator"
            else component
            for kind, component in self.components.items()
        }


def stack_names() -> tuple[str, ...]:
    """The stacks that can be chosen with --stack."""
    return tuple(sorted(path.stem for path in STACKS.glob("*.yaml")))


def check_name(name: str) -> None:
    """Raise AdclickError unless there is a stack of this name."""
    if name not in stack_names():
        known = ", ".join(stack_names())
        raise AdclickError(f"stack {name!r} does not exist: choose one of {known} with --stack")


def load_stack(name: str, environment: Mapping[str, str] = os.environ) -> StackDefinition:
    """The definition in stacks/NAME.yaml, with `${VARIABLE}` and `${VARIABLE:-default}` filled in.

    Raises AdclickError when the stack does not exist, a variable is not set (all are named), or
    the file is not of the right form.
    """
    check_name(name)
    path = STACKS / f"{name}.yaml"
    return parse_stack(path.read_text(encoding="utf-8"), path, environment)


def parse_stack(text: str, path: Path, environment: Mapping[str, str]) -> StackDefinition:
    """The definition in a stack file's text; `path` is for messages.

    A variable's value is text, whatever it would mean in YAML; one that is empty is not set.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise AdclickError(f"{path.name} is no YAML: {' '.join(str(error).split())}") from error
    values = {name: value for name, value in environment.items() if value}
    missing: set[str] = set()
    filled = _fill(content, values, missing)
    if missing:
        raise AdclickError(
            f"{path.name} needs variables that are not set: {', '.join(sorted(missing))}; "
            "export them and run again"
        )
    try:
        definition = StackDefinition.model_validate(filled)
    except ValidationError as error:
        raise AdclickError(f"{path.name}: {describe(error)}") from error
    there = {
        kind: component
        for kind, component in definition.components.items()
        if component.needs is None or component.needs in values
    }
    return definition.model_copy(update={"components": there})


def _fill(content: Any, values: Mapping[str, str], missing: set[str]) -> Any:
    """`content` with the variables in its texts filled in; those without a value are `missing`.

    A setting that is left empty by its variable is not set at all.
    """

    def value_of(found: re.Match[str]) -> str:
        name, default = found.groups()
        if name not in values and default is None:
            missing.add(name)
        return values.get(name, default or "")

    if isinstance(content, dict):
        filled = {key: _fill(value, values, missing) for key, value in content.items()}
        return {key: value for key, value in filled.items() if value != ""}
    if isinstance(content, list):
        return [value for item in content if (value := _fill(item, values, missing)) != ""]
    return VARIABLE.sub(value_of, content) if isinstance(content, str) else content
