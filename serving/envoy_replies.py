"""What Envoy answers by itself: in the shape and words that a server's own errors have."""

from __future__ import annotations

from serving.access import KEY_HEADER
from serving.edge_options import EdgeOptions
from serving.envoy import ROUTE_SECONDS, Resource
from serving.errors import BAD_DATA, NOT_READY, OVERLOADED, UNAUTHORIZED

AS_ENVOY_SAYS = "%LOCAL_REPLY_BODY%"
OPEN_INFERENCE = "/v2/"


def local_replies(options: EdgeOptions) -> Resource:
    """Envoy's `local_reply_config`: Seldon's error shape, and V2's own below /v2."""
    return {
        "mappers": [
            mapper
            for code, (reason, info) in _words(options).items()
            for mapper in _mappers(code, reason, info, options)
        ],
        "body_format": _json(_seldon(BAD_DATA, AS_ENVOY_SAYS)),
    }


def _words(options: EdgeOptions) -> dict[int, tuple[str, str]]:
    rate = options.rate.requests if options.rate else 0
    words = {
        401: (UNAUTHORIZED, AS_ENVOY_SAYS),
        403: (UNAUTHORIZED, AS_ENVOY_SAYS),
        408: (BAD_DATA, "the request did not arrive in time"),
        413: (BAD_DATA, f"the body is larger than {options.body_mib} MiB"),
        429: (OVERLOADED, f"more than {rate} requests a second: send it again later"),
        503: (NOT_READY, "no server answers now: send it again later"),
        504: (NOT_READY, f"no server answered within {ROUTE_SECONDS:g} s"),
    }
    if options.keys:
        words[403] = (UNAUTHORIZED, f"send one of this API's keys as header {KEY_HEADER}")
    return words


def _mappers(code: int, reason: str, info: str, options: EdgeOptions) -> list[Resource]:
    at_code = {
        "status_code_filter": {
            "comparison": {"op": "EQ", "value": {"default_value": code, "runtime_key": "none"}}
        }
    }
    second = {
        "header_filter": {"header": {"name": ":path", "string_match": {"prefix": OPEN_INFERENCE}}}
    }
    # a filter that Envoy has no 401 for
    change = {"status_code": 401} if code == 403 and options.keys else {}
    return [
        {
            "filter": {"and_filter": {"filters": [at_code, second]}},
            "body_format_override": _json({"error": info}),
            **change,
        },
        {
            "filter": at_code,
            "body_format_override": _json(_seldon(reason, info)),
            **change,
        },
    ]


def _seldon(reason: str, info: str) -> Resource:
    return {"status": {"code": -1, "info": info, "reason": reason, "status": 1}}


def _json(content: Resource) -> Resource:
    return {"json_format": content, "content_type": "application/json"}
