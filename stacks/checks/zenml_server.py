"""Checks of the ZenML server that keeps a stack's runs: there for steps too, ours, and open."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from urllib.parse import urlsplit

import requests

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.web import SECONDS, ApiError, Web, answer_of, unreachable
from stacks.definition import ServerDefinition

SERVER = "ZenML server"
ACCOUNT = "ZenML account"
SIGN_IN_REFUSED = (401, 403)


def server_checks(web: Web, server: ServerDefinition, secrets: Sequence[str]) -> list[Check]:
    """Whether steps elsewhere and this client can both use the server, and `secrets` are there."""
    checks = [
        Check(SERVER, lambda: _server(web, server.url)),
        Check(ACCOUNT, lambda: _account(web, server), (SERVER,)),
    ]
    if secrets:
        checks.append(Check("ZenML secrets", lambda: _known(web, server, secrets), (ACCOUNT,)))
    return checks


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
    try:
        with _signed_in(web, server) as session:
            user = answer_of(session.get(f"{_api(server.url)}/current-user", timeout=SECONDS))
    except ApiError as error:
        if error.status not in SIGN_IN_REFUSED:
            raise
        return fails(
            "the server does not know the API key",
            f"zenml login {server.url} && zenml service-account create adclick",
        )
    return holds(str(user["name"]))


def _known(web: Web, server: ServerDefinition, secrets: Sequence[str]) -> Finding:
    with _signed_in(web, server) as session:
        for name in secrets:
            asked = {"name": name}
            url = f"{_api(server.url)}/secrets"
            if not answer_of(session.get(url, params=asked, timeout=SECONDS))["total"]:
                return fails(f"none is called {name}", f"zenml secret create {name} --NAME=VALUE")
    return holds(", ".join(secrets))


@contextmanager
def _signed_in(web: Web, server: ServerDefinition) -> Iterator[requests.Session]:
    """A session of the account that the API key is of."""
    with web.session() as session:
        form = {"grant_type": "zenml-api-key", "password": server.api_key.get_secret_value()}
        token = answer_of(session.post(f"{_api(server.url)}/login", data=form, timeout=SECONDS))
        session.headers["Authorization"] = f"Bearer {token['access_token']}"
        yield session


def _api(url: str) -> str:
    return f"{url.rstrip('/')}/api/v1"


def _is_local(url: str) -> bool:
    host = str(urlsplit(url).hostname)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or "://" not in url or url.startswith("sqlite")
