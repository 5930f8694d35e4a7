"""Envoy's listener: where requests come in, and what is turned away before any server sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serving.edge_options import EdgeOptions, RateOptions, TlsOptions
from serving.envoy import (
    ACCESS,
    RATE,
    ROUTE_FILE,
    ROUTES,
    TYPES,
    Resource,
    file_source,
    seconds,
    socket_address,
)
from serving.envoy_access import CERTIFICATE, client_ca
from serving.envoy_replies import local_replies

ACCESS_FILE, CERTIFICATE_FILE = "access.json", "certificate.json"


def listener(folder: Path, port: int, options: EdgeOptions) -> list[Resource]:
    """The one listener; routes, certificate and who may ask lie in `folder`."""
    chain: dict[str, Any] = {
        "filters": [
            {
                "name": "connections",
                "typed_config": {
                    "@type": f"{TYPES}.extensions.filters.network.connection_limit.v3"
                    ".ConnectionLimit",
                    "stat_prefix": "edge",
                    "max_connections": options.connections,
                },
            },
            {"name": "http", "typed_config": _manager(folder, options)},
        ],
        "transport_socket_connect_timeout": seconds(options.header_seconds),
    }
    if options.tls:
        chain["transport_socket"] = _tls(folder, options.tls)
    return [
        {
            "@type": f"{TYPES}.config.listener.v3.Listener",
            "name": "edge",
            "address": socket_address(options.address, port),
            # with it a second Envoy on the port would take half of the requests
            "enable_reuse_port": False,
            "filter_chains": [chain],
        }
    ]


def _manager(folder: Path, options: EdgeOptions) -> Resource:
    return {
        "@type": f"{TYPES}.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "edge",
        "rds": {
            "route_config_name": ROUTES,
            "config_source": file_source(folder / ROUTE_FILE),
        },
        "http_filters": _filters(folder, options),
        "local_reply_config": local_replies(options),
        "request_headers_timeout": seconds(options.header_seconds),
        "request_timeout": seconds(options.request_seconds),
        # a client that does not take its answer
        "stream_idle_timeout": "60s",
        "common_http_protocol_options": {"idle_timeout": seconds(options.idle_seconds)},
        "http2_protocol_options": {
            "max_concurrent_streams": 100,
            "initial_stream_window_size": 65_536,
            "initial_connection_window_size": 1_048_576,
        },
        # headers by which Envoy is told its time-outs and retries are not taken from clients
        "use_remote_address": True,
        "server_header_transformation": "PASS_THROUGH",
        "generate_request_id": False,
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
    }


def _filters(folder: Path, options: EdgeOptions) -> list[Resource]:
    """In this order: a stranger's request costs no place in the rate, and is not kept."""
    asked = [_access(folder)] if options.keys or options.jwt else []
    limited = [_rate(options.rate)] if options.rate else []
    # the whole request is kept until it is answered, so that it can be asked again
    kept = _filter(
        "buffer", "http.buffer.v3.Buffer", {"max_request_bytes": options.body_mib * 2**20}
    )
    return [*asked, *limited, kept, _filter("router", "http.router.v3.Router")]


def _access(folder: Path) -> Resource:
    kinds = ("rbac.v3.RBAC", "jwt_authn.v3.JwtAuthentication")
    return {
        "name": ACCESS,
        "config_discovery": {
            "config_source": file_source(folder / ACCESS_FILE),
            "type_urls": [f"{TYPES}.extensions.filters.http.{kind}" for kind in kinds],
        },
    }


def _rate(rate: RateOptions) -> Resource:
    all_of_them = {"default_value": {"numerator": 100}}
    settings = {
        "stat_prefix": "edge",
        "token_bucket": {
            "max_tokens": rate.most_at_once,
            "tokens_per_fill": rate.requests,
            "fill_interval": "1s",
        },
        "filter_enabled": all_of_them,
        "filter_enforced": all_of_them,
        "response_headers_to_add": [{"header": {"key": "retry-after", "value": "1"}}],
    }
    return _filter(RATE, "http.local_ratelimit.v3.LocalRateLimit", settings)


def _tls(folder: Path, tls: TlsOptions) -> Resource:
    secret = {"name": CERTIFICATE, "sds_config": file_source(folder / CERTIFICATE_FILE)}
    return {
        "name": "tls",
        "typed_config": {
            "@type": f"{TYPES}.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "require_client_certificate": tls.client_ca is not None,
            "common_tls_context": {
                "tls_params": {"tls_minimum_protocol_version": "TLSv1_2"},
                "alpn_protocols": ["h2", "http/1.1"],
                "tls_certificate_sds_secret_configs": [secret],
                **client_ca(tls),
            },
        },
    }


def _filter(name: str, kind: str, settings: Resource | None = None) -> Resource:
    typed = {"@type": f"{TYPES}.extensions.filters.{kind}", **(settings or {})}
    return {"name": name, "typed_config": typed}
