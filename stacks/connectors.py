"""A stack's service connectors in ZenML: made once, changed where the definition differs."""

from __future__ import annotations

from uuid import UUID

from pydantic import ValidationError
from zenml.client import Client
from zenml.exceptions import AuthorizationException
from zenml.models import ServiceConnectorResponse

from adclick.errors import AdclickError
from adclick.schema import describe
from stacks.definition import ConnectorDefinition


def ensure_connector(client: Client, stack: str, name: str, connector: ConnectorDefinition) -> UUID:
    """The id of the stack's connector of this name, as ZenML's server keeps it.

    Its credentials are tried by the components that use it, not here: that takes seconds. Raises
    AdclickError for a configuration that the connector's type refuses.
    """
    full_name = f"{stack}-{name}"
    try:
        return _connector(client, full_name, connector).id
    except (ValidationError, AuthorizationException, KeyError, ValueError) as error:
        why = describe(error) if isinstance(error, ValidationError) else str(error)
        raise AdclickError(
            f"stack {stack}: connector {name} of type {connector.type}: {' '.join(why.split())}; "
            f"see stacks/{stack}.yaml and the variables that it names"
        ) from error


def _connector(client: Client, name: str, wanted: ConnectorDefinition) -> ServiceConnectorResponse:
    found = client.list_service_connectors(name=name, hydrate=True).items
    if not found:
        made, _ = client.create_service_connector(
            name=name,
            connector_type=wanted.type,
            auth_method=wanted.auth_method,
            configuration=wanted.configuration,
            verify=False,
            list_resources=False,
        )
        assert isinstance(made, ServiceConnectorResponse)
        return made
    known = found[0]
    same = {key: known.configuration.get(key) for key in wanted.configuration}
    if known.auth_method == wanted.auth_method and same == wanted.configuration:
        return known
    changed, _ = client.update_service_connector(
        known.id,
        auth_method=wanted.auth_method,
        configuration=wanted.configuration,
        verify=False,
        list_resources=False,
    )
    assert isinstance(changed, ServiceConnectorResponse)
    return changed
