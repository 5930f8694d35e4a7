"""Local deployment: versions behind Envoy on this machine, rolled out without a dropped request."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

from adclick.bundle.bundle import ServingBundle
from adclick.errors import AdclickError
from serving import access
from serving.acceptance import check_served
from serving.deployment import Deployment, Role, Status, Trial
from serving.edge_options import EdgeOptions
from serving.envoy_files import edge_files
from serving.golden import GoldenCheck, check_offline
from serving.local.edge import KEYS, Edge
from serving.local.folders import Folders, held
from serving.local.intent import (
    Intent,
    ServerSettings,
    read_intent,
    with_version,
    write_intent,
)
from serving.local.keeping import end_keeper, ensure_keeper, renew_keeper
from serving.local.keys import keys_in_file
from serving.local.look import Look, is_healthy, look, server_url, tail
from serving.local.probe import check_probe, edge_answers
from serving.options import DRAIN_SECONDS, NewImages, ServerKind
from serving.process_table import check_port_free, stop_processes
from serving.trial import NOTHING_TO_ROLL_BACK, on_trial, role_asked
from serving.versions import VersionStore

POLL_SECONDS = 0.05
# a former version answers what it has begun, then it is told to stop and has as long once more
SETTLED_SECONDS = 3.0 * DRAIN_SECONDS


class LocalSeldon:
    """Deploys bundles to servers that outlive this process, behind Envoy on `port`, as `edge` says.

    It writes what is meant to serve, which a keeper brings about, and waits until it is so. Killed
    at any point it leaves what served before or what was to serve, and nothing between.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int,
        prediction_log: Path,
        *,
        workers: int = 2,
        threads: int = 4,
        server: ServerKind = "adclick",
        new_images: NewImages = "off",
        image_hosts: str = "",
        edge: EdgeOptions | None = None,
        start_seconds: float = 30.0,
    ) -> None:
        self._folders = Folders(state_dir.resolve())
        self._store = VersionStore(self._folders.root)
        self._port = port
        self._edge = edge or EdgeOptions()
        self._servers = ServerSettings(
            str(prediction_log.resolve()), workers, threads, server, new_images, image_hosts
        )
        self._start_seconds = start_seconds

    def deploy(self, bundle: ServingBundle, traffic: int = 100, shadow: bool = False) -> Deployment:
        """Serve `bundle`, checked with its golden requests over HTTP before it gets any other.

        With all of the traffic it becomes the champion, else it is on trial; see `Deployer`. A
        healthy server of the same version is left alone. Raises AdclickError that says what failed
        and what serves on.
        """
        with self._lock():
            edge = self._checked_edge()
            installed = self._store.install(bundle)
            before = self._intent()
            role = role_asked(self.status(), installed.version, traffic, shadow)
            former = self._look().running.get(installed.version)
            golden = self._checked(installed, before)
            wanted = with_version(before, installed.version, role, traffic)
            self._serve(replace(wanted, port=self._port, edge=edge), before, installed.version)
            server = self._look().running[installed.version]
            return Deployment(
                version=installed.version,
                url=edge.url_at(self._port),
                pid=server.process.pid,
                golden_checked=golden.checked,
                largest_difference=golden.largest_difference,
                started=former is None or former.process != server.process,
                role=role,
                traffic=traffic,
            )

    def promote(self, seen: Trial | None = None) -> Status:
        """Make the version on trial the champion; raises AdclickError where there is none.

        Raises TrialOverError where it is not the trial that was `seen`.
        """
        with self._lock():
            before = self._intent()
            version = on_trial(self.status(), seen).version
            self._serve(with_version(before, version, Role.CHAMPION), before, version)
            return self.status()

    def rollback(self, seen: Trial | None = None) -> Status:
        """End the trial, or without one bring back the champion before; returns what serves then.

        Raises AdclickError where there is neither, or the one before does not start any more, and
        TrialOverError where it is not the trial that was `seen`.
        """
        with self._lock():
            before = self._intent()
            if seen is not None:
                on_trial(self.status(), seen)
            if before.trial is not None:
                self._serve(replace(before, trial=None), before, str(before.champion))
                return self.status()
            if before.former is None:
                raise AdclickError(NOTHING_TO_ROLL_BACK)
            former = self._store.intact(before.former)
            if former is None:
                raise AdclickError(f"the bundle of version {before.former} is gone or damaged")
            self._checked(former, before)
            self._serve(
                replace(before, champion=former.version, former=None), before, former.version
            )
            return self.status()

    def status(self) -> Status:
        """What runs now: from the process table, Envoy's admin interface and servers' health."""
        return self._look().status

    def stop(self) -> Status:
        """Stop whatever runs, answering what was begun; returns what it was.

        Raises AdclickError when something of it still runs afterwards.
        """
        with self._lock():
            stopped = self.status()
            write_intent(self._folders.intent, Intent())
            if self._look().nothing:
                end_keeper(self._folders)
            self._wait(lambda: self._look().nothing, SETTLED_SECONDS, "what served still runs")
            Edge(self._folders.edge).forget()
            return stopped

    @property
    def _secret(self) -> set[str]:
        """The variables that no process needs which outlives this one."""
        named = self._edge.keys.variable if self._edge.keys else None
        return {*access.VARIABLES, *([named] if named else [])}

    def _lock(self) -> AbstractContextManager[None]:
        return held(self._folders.manager_lock)

    def _look(self) -> Look:
        return look(self._folders)

    def _intent(self) -> Intent:
        """What is meant to serve, with the settings of this manager for what is started next."""
        meant = read_intent(self._folders.intent)
        port = meant.port or self._port
        return replace(meant, candidate=None, servers=self._servers, port=port)

    def _checked_edge(self) -> EdgeOptions:
        """The edge of this manager with its keys in a file; raises AdclickError where it can't be.

        The keys are the API's and not a version's: they change even if its deployment fails.
        """
        now = self._look().applied
        if now.port == self._port and now.address != self._edge.address:
            raise AdclickError(
                f"the API answers on {now.address}:{now.port}, and would have to close for edge."
                f"address {self._edge.address}: stop it first (`python run.py stop`)"
            )
        check_probe(self._edge)
        edge = keys_in_file(self._edge, self._folders.edge / KEYS)
        edge_files(self._folders.edge, self._port, edge)
        return edge

    def _checked(self, bundle: ServingBundle, intent: Intent) -> GoldenCheck:
        """The golden check of a version's own server, which is started where it does not run."""
        running = self._look().running.get(bundle.version)
        serves = bundle.version in intent.serving
        if serves and running is not None and is_healthy(server_url(running.port)):
            # where it answers wrongly, it is started anew
            with suppress(AdclickError):
                return check_served(bundle, server_url(running.port))
        check_offline(bundle)
        self._check_port()
        if running is not None:
            stop_processes([running.process, *running.workers], DRAIN_SECONDS + 2)
        try:
            self._start(bundle.version, intent)
            return check_served(bundle, server_url(self._look().running[bundle.version].port))
        except (AdclickError, KeyError) as error:
            raise self._failed(bundle.version, error, intent) from error

    def _check_port(self) -> None:
        seen = self._look()
        if seen.applied.port != self._port:
            check_port_free(self._port, [seen.envoy] if seen.envoy else [])

    def _start(self, version: str, intent: Intent) -> None:
        """Start a version beside what serves; returns once it is ready."""
        ended = self._folders.ended(version)
        ended.unlink(missing_ok=True)
        write_intent(self._folders.intent, replace(intent, candidate=version))
        renew_keeper(self._folders, self._secret)

        def ready() -> bool:
            if ended.exists():
                code = ended.read_text(encoding="utf-8")
                raise AdclickError(f"its server exited with {code}: {self._said(version)}")
            server = self._look().running.get(version)
            return server is not None and is_healthy(server_url(server.port))

        seconds = self._start_seconds
        self._wait(
            ready,
            seconds,
            lambda: f"its server was not ready in {seconds:g} s: {self._said(version)}",
        )

    def _serve(self, intent: Intent, before: Intent, version: str) -> None:
        """Bring an intent about; returns once it is so, and else goes back to the one before."""
        write_intent(self._folders.intent, intent)
        ensure_keeper(self._folders, self._secret)
        log = Edge(self._folders.edge).log
        try:
            self._wait(
                lambda: self._look().settled and edge_answers(intent),
                SETTLED_SECONDS,
                lambda: f"its requests do not arrive: {tail(log)}",
            )
        except AdclickError as error:
            raise self._failed(version, error, before) from error

    def _failed(self, version: str, error: Exception, before: Intent) -> AdclickError:
        """Go back to what was meant before; the error that says so."""
        write_intent(self._folders.intent, before)
        if not before.serving:
            self._wait(lambda: self._look().nothing, SETTLED_SECONDS, "its server still runs")
        elif version not in before.serving:
            self._wait(
                lambda: version not in self._look().running,
                SETTLED_SECONDS,
                "its server still runs",
            )
        left = f"version {before.champion} serves on" if before.champion else "no version serves"
        return AdclickError(f"version {version} was not deployed: {error}; {left}")

    def _said(self, version: str) -> str:
        return tail(self._folders.server_log(version))

    def _wait(
        self, condition: Callable[[], bool], seconds: float, otherwise: str | Callable[[], str]
    ) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AdclickError(otherwise if isinstance(otherwise, str) else otherwise())
            ensure_keeper(self._folders, self._secret)
            time.sleep(POLL_SECONDS)
