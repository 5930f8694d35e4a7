"""Envoy's configuration as data: a listener, a cluster a version, and routes with weights.

Envoy watches the files that these become and takes over a new one without dropping a request
(https://www.envoyproxy.io/docs/envoy/latest/configuration/overview/xds_api, "filesystem").
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serving.access import KEY_HEADER
from serving.options import ADDRESS

Resource = dict[str, Any]

ROUTES = "versions"
# names of filters, which routes refer to
ACCESS, RATE = "access", "rate"
ADMIN_SOCKET = "admin.sock"
LISTENER, CLUSTERS, ROUTE_FILE = "listener.json", "clusters.json", "routes.json"
CONNECT_SECONDS = 1.0
# longer than a crashed server takes to come back: its requests wait for it
ROUTE_SECONDS = 15.0
# servers close idle connections after 60 s: Envoy has to be first
IDLE_SECONDS = 30.0
TYPES = "type.googleapis.com/envoy"
# what probes ask: with no key, and as often as they like
HEALTH = ("/health/ping", "/health/status", "/v2/health/live", "/v2/health/ready")
# A score is a function of its request, and the log's readers count an id once: asking again is
# safe whatever became of the first try.
RETRIES = {
    "retry_on": "connect-failure,reset",
    "num_retries": 60,
    "retry_back_off": {"base_interval": "0.025s", "max_interval": "0.25s"},
}


def bootstrap(folder: Path) -> Resource:
    """What Envoy is started with: where the rest lies.

    Its admin interface is a socket in its working folder that its owner alone can open.
    """
    return {
        "node": {"id": "adclick", "cluster": "adclick"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "dynamic_resources": {
            "lds_config": file_source(folder / LISTENER),
            "cds_config": file_source(folder / CLUSTERS),
        },
    }


def clusters(ports: Mapping[str, int]) -> list[Resource]:
    """A cluster for each version's server on this machine."""
    return [_cluster(version, port) for version, port in sorted(ports.items())]


def routes(shares: Mapping[str, int], copies: Mapping[str, int]) -> list[Resource]:
    """Requests split by `shares`, which sum to 100; each of `copies` gets a copy of so many %."""
    weights = [{"name": name, "weight": weight} for name, weight in shares.items()]
    action = {
        "weighted_clusters": {"clusters": weights},
        "timeout": seconds(ROUTE_SECONDS),
        "retry_policy": RETRIES,
        "request_mirror_policies": [
            {
                "cluster": name,
                "runtime_fraction": {"default_value": {"numerator": percent}},
            }
            for name, percent in copies.items()
        ],
    }
    off = {"@type": f"{TYPES}.config.route.v3.FilterConfig", "disabled": True}
    health = [
        {
            "match": {"path": path},
            "route": action,
            "typed_per_filter_config": {ACCESS: off, RATE: off},
        }
        for path in HEALTH
    ]
    everything = {"match": {"prefix": "/"}, "route": action}
    return [
        {
            "@type": f"{TYPES}.config.route.v3.RouteConfiguration",
            "name": ROUTES,
            "virtual_hosts": [{"name": ROUTES, "domains": ["*"], "routes": [*health, everything]}],
            # what proves to the edge who asks is nothing to a server
            "request_headers_to_remove": [KEY_HEADER],
        }
    ]


def discovery(resources: list[Resource]) -> str:
    """The file's text for these resources; equal resources give equal texts."""
    return json.dumps({"version_info": version_of(resources), "resources": resources}, indent=1)


def version_of(resources: list[Resource]) -> str:
    """By what Envoy tells these resources from others."""
    return hashlib.sha256(json.dumps(resources).encode()).hexdigest()[:16]


def _cluster(name: str, port: int) -> Resource:
    endpoint = {"endpoint": {"address": socket_address(ADDRESS, port)}}
    most = 4096
    return {
        "@type": f"{TYPES}.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": seconds(CONNECT_SECONDS),
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        # the default of 3 retries at a time would drop the others while a server comes back
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": most,
                    "max_pending_requests": most,
                    "max_requests": most,
                    "max_retries": most,
                }
            ]
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": f"{TYPES}.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http_protocol_options": {}},
                "common_http_protocol_options": {"idle_timeout": seconds(IDLE_SECONDS)},
            }
        },
    }


def socket_address(address: str, port: int) -> Resource:
    """An address in Envoy's words."""
    return {"socket_address": {"address": address, "port_value": port}}


def file_source(path: Path) -> Resource:
    """A file that Envoy takes over whenever another is moved into its place."""
    return {"path_config_source": {"path": str(path)}, "resource_api_version": "V3"}


def seconds(time: float) -> str:
    """A duration in Envoy's words."""
    return f"{time:g}s"
