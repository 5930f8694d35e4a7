"""What Envoy says of itself, over the socket of its admin interface."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from serving.envoy import ADMIN_SOCKET, LISTENER
from serving.envoy_access import JWKS_CLUSTER
from serving.envoy_listener import ACCESS_FILE, CERTIFICATE_FILE

SECONDS = 2.0


@dataclass(frozen=True)
class Applied:
    """What Envoy does now: where it listens, the ports it knows, and which version gets what.

    `edge` has the version of each file of its edge that it took over.
    """

    address: str | None = None
    port: int | None = None
    edge: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    shares: Mapping[str, int] = field(default_factory=dict)
    copies: Mapping[str, int] = field(default_factory=dict)


class _Connection(HTTPConnection):
    def __init__(self, folder: Path) -> None:
        super().__init__("envoy", timeout=SECONDS)
        self._folder = folder

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(SECONDS)
        folder = os.open(self._folder, os.O_PATH)
        try:
            # a socket's path may have 107 characters, and a state folder's has more
            self.sock.connect(f"/proc/self/fd/{folder}/{ADMIN_SOCKET}")
        finally:
            os.close(folder)


def applied(folder: Path) -> Applied:
    """What the Envoy whose files are in `folder` does; nothing where it does not answer."""
    try:
        dumps = json.loads(_ask(folder, "GET", "/config_dump"))["configs"]
    except (OSError, HTTPException, ValueError):
        return Applied()
    sections = {dump["@type"].rsplit(".", 1)[1]: dump for dump in dumps}
    shares, copies = _traffic(sections.get("RoutesConfigDump", {}))
    address, port = _listens(sections)
    return Applied(address, port, _edge(sections), _ports(sections), shares, copies)


def active(folder: Path) -> Mapping[str, int] | None:
    """Requests under way by version; None where Envoy does not answer."""
    pattern = "upstream_rq_active%7Cupstream_rq_pending_active"
    try:
        answer = _ask(folder, "GET", f"/stats?format=json&filter={pattern}")
        stats = json.loads(answer)["stats"]
    except (OSError, HTTPException, ValueError):
        return None
    counts: dict[str, int] = {}
    for stat in stats:
        if (name := stat.get("name", "")).startswith("cluster."):
            version = name.removeprefix("cluster.").rsplit(".", 1)[0]
            if version != JWKS_CLUSTER:
                counts[version] = counts.get(version, 0) + stat["value"]
    return counts


def close_listener(folder: Path) -> bool:
    """Take no new connection; returns whether Envoy heard it."""
    try:
        _ask(folder, "POST", "/drain_listeners")
    except (OSError, HTTPException):
        return False
    return True


def _ask(folder: Path, method: str, path: str) -> bytes:
    connection = _Connection(folder)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"Envoy's {path} answers {answer.status}")
    return content


def _listens(sections: Mapping[str, Any]) -> tuple[str | None, int | None]:
    for one in sections.get("ListenersConfigDump", {}).get("dynamic_listeners", []):
        if "active_state" in one:
            address = one["active_state"]["listener"]["address"]["socket_address"]
            return address["address"], int(address["port_value"])
    return None, None


def _edge(sections: Mapping[str, Any]) -> Mapping[str, str]:
    listening = sections.get("ListenersConfigDump", {})
    listeners = listening.get("dynamic_listeners", [])
    active = all("active_state" in one and "warming_state" not in one for one in listeners)
    filters = sections.get("EcdsConfigDump", {}).get("ecds_filters", [])
    secrets = sections.get("SecretsConfigDump", {}).get("dynamic_active_secrets", [])
    found = [
        # the listener's own version stays the first one's when its filters are changed in place
        *([(LISTENER, listening)] if listeners and active else []),
        *((ACCESS_FILE, one) for one in filters),
        *((CERTIFICATE_FILE, one) for one in secrets),
    ]
    return {name: one.get("version_info", "") for name, one in found}


def _ports(sections: Mapping[str, Any]) -> Mapping[str, int]:
    found = sections.get("ClustersConfigDump", {}).get("dynamic_active_clusters", [])
    ports = {}
    for one in found:
        if one["cluster"]["name"] == JWKS_CLUSTER:
            continue
        (group,) = one["cluster"]["load_assignment"]["endpoints"]
        (endpoint,) = group["lb_endpoints"]
        address = endpoint["endpoint"]["address"]["socket_address"]
        ports[one["cluster"]["name"]] = int(address["port_value"])
    return ports


def _traffic(routes: Mapping[str, Any]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    for one in routes.get("dynamic_route_configs", []):
        for host in one["route_config"].get("virtual_hosts", []):
            action = host["routes"][-1]["route"]
            weights = action["weighted_clusters"]["clusters"]
            mirrors = action.get("request_mirror_policies", [])
            return (
                {w["name"]: w["weight"] for w in weights},
                {
                    m["cluster"]: m["runtime_fraction"]["default_value"]["numerator"]
                    for m in mirrors
                },
            )
    return {}, {}
