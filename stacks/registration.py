"""Registering a stack's definition with ZenML, and choosing it for this process."""

from __future__ import annotations

import os
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from zenml.client import Client
from zenml.enums import StackComponentType
from zenml.models import ComponentResponse, FlavorResponse

from adclick.errors import AdclickError
from adclick.schema import describe
from stacks.connectors import ensure_connector
from stacks.definition import ComponentDefinition, StackDefinition
from stacks.savings import register_integration_flavors


def activate(definition: StackDefinition) -> None:
    """Register the stack or update it where it differs, and use it in this process alone.

    The user's own active stack stays what it is. Raises AdclickError for an unknown component
    type or flavor before anything is registered, and for a configuration that its flavor refuses.
    """
    client = Client()
    types = {name: _component_type(name, definition) for name in definition.components}
    for name, component in definition.components.items():
        _ensure_flavor(client, types[name], component, definition)
    connectors = {
        name: ensure_connector(client, definition.name, name, connector)
        for name, connector in definition.connectors.items()
    }
    components = {
        types[name]: _ensure_component(
            client, definition.name, types[name], component, connectors
        ).id
        for name, component in definition.registered.items()
    }
    stack_id = _ensure_stack(client, definition.name, components)
    os.environ["ZENML_ACTIVE_STACK_ID"] = str(stack_id)


def _component_type(name: str, definition: StackDefinition) -> StackComponentType:
    try:
        return StackComponentType(name)
    except ValueError:
        known = ", ".join(kind.value for kind in StackComponentType)
        raise AdclickError(
            f"stack {definition.name}: no component type {name!r}; types are {known}"
        ) from None


def _ensure_flavor(
    client: Client,
    kind: StackComponentType,
    component: ComponentDefinition,
    definition: StackDefinition,
) -> FlavorResponse:
    known = _find_flavor(client, kind, component.flavor)
    if known is None and component.source is None:
        register_integration_flavors()
        known = _find_flavor(client, kind, component.flavor)
    if known is not None:
        return known
    if component.source is None:
        raise AdclickError(
            f"stack {definition.name}: ZenML has no {kind.value} flavor {component.flavor!r}; "
            "name its class as `source`"
        )
    return client.create_flavor(source=component.source, component_type=kind)


def _find_flavor(client: Client, kind: StackComponentType, name: str) -> FlavorResponse | None:
    return next(iter(client.list_flavors(name=name, type=kind).items), None)


def _ensure_component(
    client: Client,
    stack: str,
    kind: StackComponentType,
    component: ComponentDefinition,
    connectors: dict[str, UUID],
) -> ComponentResponse:
    try:
        registered = _component(client, stack, kind, component)
    except ValidationError as error:
        raise AdclickError(
            f"stack {stack}: {kind.value} {component.flavor}: {describe(error)}; "
            f"see stacks/{stack}.yaml and the variables that it names"
        ) from error
    return _connected(client, registered, component, connectors)


def _component(
    client: Client, stack: str, kind: StackComponentType, component: ComponentDefinition
) -> ComponentResponse:
    name = f"{stack}-{component.flavor.replace('_', '-')}"
    secrets = {_secret(client, stack, secret) for secret in component.secrets}
    found = client.list_stack_components(name=name, type=kind, hydrate=True).items
    if not found:
        return client.create_stack_component(
            name=name,
            flavor=component.flavor,
            component_type=kind,
            configuration=component.configuration,
            environment=component.environment,
            secrets=[*secrets],
        )
    known = found[0]
    if (
        _same(known.configuration, component.configuration)
        and known.environment == component.environment
        and set(known.secrets) == secrets
    ):
        return known
    return client.update_stack_component(
        name_id_or_prefix=known.id,
        component_type=kind,
        configuration=_change(known.configuration, component.configuration),
        environment=_change(known.environment, component.environment),
        add_secrets=[*(secrets - set(known.secrets))],
        remove_secrets=[*(set(known.secrets) - secrets)],
    )


def _secret(client: Client, stack: str, name: str) -> UUID:
    try:
        return client.get_secret(name, allow_partial_name_match=False).id
    except KeyError as error:
        raise AdclickError(
            f"stack {stack}: ZenML has no secret {name!r}: `zenml secret create {name} "
            "--VARIABLE=VALUE`"
        ) from error


def _change(known: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What is wanted, and None for what is no more."""
    return dict.fromkeys(known.keys() - wanted.keys()) | wanted


def _connected(
    client: Client,
    registered: ComponentResponse,
    component: ComponentDefinition,
    connectors: dict[str, UUID],
) -> ComponentResponse:
    wanted = connectors[component.connector] if component.connector else None
    known = registered.connector.id if registered.connector else None
    if (known, registered.connector_resource_id) == (wanted, component.resource):
        return registered
    return client.update_stack_component(
        name_id_or_prefix=registered.id,
        component_type=registered.type,
        connector_id=wanted,
        connector_resource_id=component.resource,
        disconnect=wanted is None,
    )


def _same(registered: Any, wanted: Any) -> bool:
    """Whether values are equal as text, as those of variables are."""
    if isinstance(registered, dict) and isinstance(wanted, dict):
        return registered.keys() == wanted.keys() and all(
            _same(registered[key], value) for key, value in wanted.items()
        )
    if isinstance(registered, list) and isinstance(wanted, list):
        return len(registered) == len(wanted) and all(map(_same, registered, wanted))
    return str(registered) == str(wanted)


def _ensure_stack(
    client: Client, name: str, components: dict[StackComponentType, object]
) -> object:
    found = client.list_stacks(name=name).items
    if not found:
        return client.create_stack(name=name, components=components).id
    registered = {kind: models[0].id for kind, models in found[0].components.items()}
    if registered != components:
        wanted: dict[StackComponentType, list[object]] = {kind: [] for kind in registered}
        wanted |= {kind: [identity] for kind, identity in components.items()}
        client.update_stack(found[0].id, component_updates=wanted)
    return found[0].id
