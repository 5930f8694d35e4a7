"""Local deployment: one server process group on one port, replaced version by version."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving.acceptance import check_served
from serving.client import PredictionClient
from serving.deployment import Deployment, Served, Status
from serving.golden import check_offline
from serving.options import ADDRESS, DRAIN_SECONDS, HostOptions
from serving.process_table import (
    RunningServer,
    check_port_free,
    port_in_use,
    running_server,
    server_processes,
    stop_processes,
)
from serving.versions import VersionStore

REPOSITORY = Path(__file__).resolve().parent.parent
POLL_SECONDS = 0.05
LOG_LINES = 5


class LocalSeldon:
    """Deploys bundles to a server on 127.0.0.1:`port` that outlives this process.

    All that it keeps is below `state_dir`. What runs is read from the process table each time, so
    that a manager killed at any point leaves nothing that the next one would misjudge.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int,
        prediction_log: Path,
        *,
        workers: int = 2,
        threads: int = 4,
        start_seconds: float = 30.0,
    ) -> None:
        self._root = state_dir.resolve()
        self._store = VersionStore(self._root)
        self._port = port
        self._prediction_log = prediction_log.resolve()
        self._workers = workers
        self._threads = threads
        self._start_seconds = start_seconds

    def deploy(self, bundle: ServingBundle) -> Deployment:
        """Serve `bundle`, checked with its golden requests over HTTP.

        A healthy server of the same version is left alone. Otherwise the bundle is checked
        offline before the former server is stopped, and the former version is started again when
        the new one fails. Raises AdclickError that says what failed and what serves now.
        """
        with self._lock():
            installed = self._store.install(bundle)
            running = running_server(self._store.versions)
            if running is not None and self._serves(running, installed):
                # where it answers wrongly, it is replaced like any other
                with suppress(AdclickError):
                    return self._deployment(installed, running, started=False)
            check_offline(installed)
            check_port_free(self._port, server_processes(self._store.versions))
            former = self._store.current
            self._stop_all()
            try:
                started = self._start(installed)
                return self._deployment(installed, started, started=True)
            except AdclickError as error:
                self._stop_all()
                raise AdclickError(
                    f"version {installed.version} was not deployed: {error}; "
                    f"{self._restore(former, installed)}"
                ) from error

    def status(self) -> Status:
        """What runs now, from the process table and the server's own health endpoint."""
        running = running_server(self._store.versions)
        if running is None:
            return Status()
        served = Served(
            version=running.version,
            healthy=_healthy(running.port),
            pid=running.process.pid,
            uptime=running.uptime,
            memory=running.memory,
            log=self._log_path(running.version),
        )
        return Status(_url(running.port), (served,))

    def stop(self) -> Status:
        """Stop whatever runs, answering what was begun; returns what it was.

        Raises AdclickError when the port is still taken afterwards.
        """
        with self._lock():
            stopped = self.status()
            self._store.forget_current()
            self._stop_all()
            return stopped

    @contextmanager
    def _lock(self) -> Iterator[None]:
        self._root.mkdir(parents=True, exist_ok=True)
        with (self._root / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _serves(self, running: RunningServer, bundle: ServingBundle) -> bool:
        same = running.version == bundle.version and running.port == self._port
        return same and _healthy(running.port)

    def _stop_all(self) -> None:
        running = running_server(self._store.versions)
        stop_processes(server_processes(self._store.versions), DRAIN_SECONDS + 2)
        if running is not None and port_in_use(running.port):
            raise AdclickError(
                f"pid {running.process.pid} was stopped but port {running.port} is still in use"
            )

    def _start(self, bundle: ServingBundle) -> RunningServer:
        options = HostOptions(
            bundle=bundle.path,
            port=self._port,
            prediction_log=str(self._prediction_log),
            state=self._store.home(bundle.version),
            workers=self._workers,
            threads=self._threads,
        )
        with self._log_path(bundle.version).open("wb") as log:
            child = subprocess.Popen(
                options.command(),
                cwd=REPOSITORY,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + self._start_seconds
        while not _healthy(self._port):
            if child.poll() is not None:
                raise AdclickError(
                    f"its server exited with {child.returncode}: {self._tail(bundle)}"
                )
            if time.monotonic() > deadline:
                raise AdclickError(
                    f"its server was not ready in {self._start_seconds:g} s: {self._tail(bundle)}"
                )
            time.sleep(POLL_SECONDS)
        running = running_server(self._store.versions)
        if running is None:
            raise AdclickError(f"its server is gone: {self._tail(bundle)}")
        return running

    def _deployment(
        self, bundle: ServingBundle, running: RunningServer, *, started: bool
    ) -> Deployment:
        golden = check_served(bundle, _url(running.port))
        self._store.set_current(bundle.version)
        return Deployment(
            version=bundle.version,
            url=_url(running.port),
            pid=running.process.pid,
            golden_checked=golden.checked,
            largest_difference=golden.largest_difference,
            started=started,
        )

    def _restore(self, former: ServingBundle | None, failed: ServingBundle) -> str:
        if former is None or former.version == failed.version:
            return "no version serves"
        try:
            check_served(former, _url(self._start(former).port))
        except AdclickError as error:
            return f"version {former.version} did not start again either: {error}"
        return f"version {former.version} serves again"

    def _log_path(self, version: str) -> Path:
        return self._store.home(version) / "server.log"

    def _tail(self, bundle: ServingBundle) -> str:
        path = self._log_path(bundle.version)
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
        return f"{' | '.join(lines) or 'no word'} ({path})"


def _healthy(port: int) -> bool:
    with PredictionClient(_url(port), timeout=2.0) as client:
        return client.is_healthy()


def _url(port: int) -> str:
    return f"http://{ADDRESS}:{port}"
