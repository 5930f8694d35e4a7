"""Envoy's listener: where requests come in, and what is turned away before any server sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.envoy import ROUTE_FILE, ROUTES, TYPES, Resource, socket_address
from serving.http import MAX_BODY_BYTES
from serving.options import ADDRESS


@dataclass(frozen=True)
class EdgeOptions:
    """Where the API answers and what it takes; it is this machine's own alone unless told else."""

    port: int
    address: str = ADDRESS
    body_bytes: int = MAX_BODY_BYTES


def listener(folder: Path, options: EdgeOptions) -> list[Resource]:
    """The one listener, whose routes lie in `folder`."""
    manager = {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "edge",
        "rds": {
            "route_config_name": ROUTES,
            "config_source": {
                "path_config_source": {"path": str(folder / ROUTE_FILE)},
                "resource_api_version": "V3",
            },
        },
        "http_filters": [*_filters(options), _filter("router", "http.router.v3.Router")],
        "local_reply_config": _in_seldons_shape(),
        # a request that comes in too slowly, and a connection that nobody uses
        "request_headers_timeout": "10s",
        "request_timeout": "30s",
        "stream_idle_timeout": "60s",
        "common_http_protocol_options": {"idle_timeout": "300s"},
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": False,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }
    chain: dict[str, Any] = {
        "filters": [{"name": "http", "typed_config": manager}],
    }
    return [
        {
            "@type": f"{TYPES}.config.listener.v3.Listener",
            "name": "edge",
            "address": socket_address(options.address, options.port),
            # with it a second Envoy on the port would take half of the requests
            "enable_reuse_port": False,
            "filter_chains": [chain],
        }
    ]


def _filters(options: EdgeOptions) -> list[Resource]:
    # the whole request is kept until it is answered, so that it can be asked again
    body = {"max_request_bytes": options.body_bytes}
    return [_filter("buffer", "http.buffer.v3.Buffer", body)]


def _filter(name: str, kind: str, settings: Resource | None = None) -> Resource:
    typed = {"@type": f"{TYPES}.extensions.filters.{kind}", **(settings or {})}
    return {"name": name, "typed_config": typed}


def _in_seldons_shape() -> Resource:
    error = {
        "status": {
            "code": -1,
            "info": "%LOCAL_REPLY_BODY%",
            "reason": "MICROSERVICE_BAD_DATA",
            "status": 1,
        }
    }
    return {"body_format": {"json_format": error, "content_type": "application/json"}}
