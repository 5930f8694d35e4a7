"""The API's keys on this machine: a file that its owner alone can read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from adclick.errors import AdclickError
from serving.edge_options import EdgeOptions, KeyOptions
from serving.envoy_access import read_keys
from serving.local.intent import write_whole


def keys_in_file(
    edge: EdgeOptions, path: Path, environment: Mapping[str, str] = os.environ
) -> EdgeOptions:
    """The same edge with the keys of a variable written to `path`, where a keeper finds them.

    Raises AdclickError when the variable is not set, or what it has are no keys.
    """
    name = edge.keys.variable if edge.keys else None
    if name is None:
        return edge
    if not environment.get(name):
        raise AdclickError(f"edge.keys: {name} is not set: export the API's keys as {name}")
    keys = read_keys(environment[name], name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, "".join(f"{key}\n" for key in keys))
    return edge.model_copy(update={"keys": KeyOptions(file=path)})
