"""Emulated: the metadata server that a machine of the project asks who it is."""

from __future__ import annotations

import base64
import json
import time

from aiohttp import web

from tests.gcp.cloud import names

FLAVOR = {"Metadata-Flavor": "Google"}
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
LIFE_SECONDS = 3600
VALUES = {
    "project/project-id": names.PROJECT,
    "project/numeric-project-id": names.PROJECT_NUMBER,
    "instance/zone": f"projects/{names.PROJECT_NUMBER}/zones/{names.REGION}-a",
    "instance/region": f"projects/{names.PROJECT_NUMBER}/regions/{names.REGION}",
    "instance/service-accounts/": f"default/\n{names.PIPELINE_ACCOUNT}/\n",
    "universe/universe-domain": "googleapis.com",
}


def application() -> web.Application:
    """What an aiohttp server serves: one machine, with the pipelines' account as its default."""
    application = web.Application()
    application.router.add_get(
        "/computeMetadata/v1/instance/service-accounts/{who}/{what:.*}", _account
    )
    application.router.add_get("/{path:.*}", _value)
    return application


async def _value(request: web.Request) -> web.Response:
    if request.headers.get("Metadata-Flavor") != "Google":
        return web.Response(
            status=403, headers=FLAVOR, text="Missing Metadata-Flavor:Google header"
        )
    path = request.match_info["path"].removeprefix("computeMetadata/v1/")
    if path == "":
        return web.Response(headers=FLAVOR, text="computeMetadata/\n")
    if path not in VALUES:
        return web.Response(status=404, headers=FLAVOR)
    return web.Response(headers=FLAVOR, text=VALUES[path])


async def _account(request: web.Request) -> web.Response:
    known = ("default", names.PIPELINE_ACCOUNT)
    if request.headers.get("Metadata-Flavor") != "Google" or request.match_info["who"] not in known:
        return web.Response(status=403, headers=FLAVOR)
    facts: dict[str, object] = {
        "": {"aliases": ["default"], "email": names.PIPELINE_ACCOUNT, "scopes": SCOPES},
        "email": names.PIPELINE_ACCOUNT,
        "scopes": "\n".join(SCOPES),
        "token": {"access_token": names.TOKEN, "expires_in": LIFE_SECONDS, "token_type": "Bearer"},
        "identity": _identity(request.query.get("audience", "")),
    }
    fact = facts.get(request.match_info["what"])
    if fact is None:
        return web.Response(status=404, headers=FLAVOR)
    if isinstance(fact, str):
        return web.Response(headers=FLAVOR, text=fact)
    return web.json_response(fact, headers=FLAVOR)


def _identity(audience: str) -> str:
    """A token of the right form, that nobody signed."""
    now = int(time.time())
    claims = {
        "iss": "https://accounts.google.com",
        "aud": audience,
        "email": names.PIPELINE_ACCOUNT,
        "iat": now,
        "exp": now + LIFE_SECONDS,
    }
    parts = (json.dumps(part).encode() for part in ({"alg": "none", "typ": "JWT"}, claims))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."
