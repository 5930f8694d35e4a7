"""The check of an Evidently server that keeps a stack's reports."""

from __future__ import annotations

import requests

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.web import SECONDS, ApiError, Web, answer_of, unreachable

APPLICATION = "Evidently UI"


def evidently_check(web: Web, address: str) -> Check:
    """Whether Evidently answers at the address."""
    return Check("Evidently server", lambda: _server(web, address))


def _server(web: Web, address: str) -> Finding:
    url = f"{address.rstrip('/')}/api/version"
    try:
        told = answer_of(web.session().get(url, timeout=SECONDS))
    except (requests.RequestException, ApiError) as error:
        why = str(error) if isinstance(error, ApiError) else unreachable(error)
        return fails(why, f"curl --fail --show-error {url}")
    if told.get("application") != APPLICATION:
        return fails(f"{address} is no Evidently server", "export EVIDENTLY_SERVER=ADDRESS")
    return holds(f"{told.get('version')} at {address}")
