"""Checks of the ZenML server that keeps a stack's runs: there for steps too, ours, and open."""

from __future__ import annotations

import ipaddress
from importlib.metadata import version
from urllib.parse import urlsplit

import requests

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.web import SECONDS, ApiError, Web, answer_of, unreachable
from stacks.definition import ServerDefinition

SERVER = "ZenML server"
SIGN_IN_REFUSED = (401, 403)


def server_checks(web: Web, server: ServerDefinition) -> list[Check]:
    """Whether steps elsewhere and this client can both use the server."""
    return [
        Check(SERVER, lambda: _server(web, server.url)),
        Check("ZenML account", lambda: _account(web, server), (SERVER,)),
    ]


def _server(web: Web, url: str) -> Finding:
    if _is_local(url):
        return fails(
            f"{url} is this machine's own: steps elsewhere do not reach it",
            "export ZENML_STORE_URL=https://SERVER",
        )
    try:
        info = answer_of(web.session().get(f"{_api(url)}/info", timeout=SECONDS))
    except (requests.RequestException, ApiError) as error:
        why = str(error) if isinstance(error, ApiError) else unreachable(error)
        return fails(why, f"curl --fail --show-error {_api(url)}/info")
    ours, theirs = version("zenml"), info.get("version")
    if theirs != ours:
        return fails(
            f"its version is {theirs}, this client's is {ours}",
            f"helm upgrade zenml oci://public.ecr.aws/zenml/zenml --version={ours} "
            "--namespace=zenml --reuse-values",
        )
    return holds(f"{ours} at {url}")


def _account(web: Web, server: ServerDefinition) -> Finding:
    api = _api(server.url)
    secret = server.api_key.get_secret_value()
    with web.session() as session:
        form = {"grant_type": "zenml-api-key", "password": secret}
        try:
            token = answer_of(session.post(f"{api}/login", data=form, timeout=SECONDS))
            bearer = {"Authorization": f"Bearer {token['access_token']}"}
            user = answer_of(session.get(f"{api}/current-user", headers=bearer, timeout=SECONDS))
        except ApiError as error:
            if error.status not in SIGN_IN_REFUSED:
                raise
            return fails(
                "the server does not know the API key",
                f"zenml login {server.url} && zenml service-account create adclick",
            )
    return holds(str(user["name"]))


def _api(url: str) -> str:
    return f"{url.rstrip('/')}/api/v1"


def _is_local(url: str) -> bool:
    host = str(urlsplit(url).hostname)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or "://" not in url or url.startswith("sqlite")
