"""The files that Envoy is told its edge by, and how their contents are known again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from serving.edge_options import EdgeOptions
from serving.envoy import LISTENER, Resource
from serving.envoy_access import access, certificate
from serving.envoy_listener import ACCESS_FILE, CERTIFICATE_FILE, listener

SECRET_FILES = frozenset({ACCESS_FILE, CERTIFICATE_FILE})


def edge_files(folder: Path, port: int, options: EdgeOptions) -> Mapping[str, list[Resource]]:
    """What each of these files in `folder` has to hold; the listener's comes last.

    Raises AdclickError when a file that `options` names cannot be read, or does not fit.
    """
    may_ask = access(options)
    proof = certificate(options.tls) if options.tls else []
    return {
        **({ACCESS_FILE: may_ask} if may_ask else {}),
        **({CERTIFICATE_FILE: proof} if proof else {}),
        LISTENER: listener(folder, port, options),
    }
