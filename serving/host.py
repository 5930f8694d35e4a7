"""The server process: workers of our app under gunicorn. `python -m serving.host --help`."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

from adclick.errors import AdclickError
from serving.options import DRAIN_SECONDS, HostOptions, parse_options

TIMEOUT_SECONDS = 30
KEEP_ALIVE_SECONDS = 60
# the exit code at which gunicorn gives up rather than start another worker
UNSERVABLE = 3
PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until SIGTERM, then finish what was begun within DRAIN_SECONDS and exit with 0.

    A bundle that cannot be served ends the process with UNSERVABLE and one line on stderr.
    """
    options = parse_options()
    if options.parent is not None:
        _end_with(options.parent)
    _fresh_metrics(options.state / "metrics")
    if options.server == "adclick":
        _serve(options)
        return
    from serving.stock import serve_stock

    try:
        serve_stock(options)
    except AdclickError as error:
        print(error, file=sys.stderr, flush=True)
        sys.exit(UNSERVABLE)


def _end_with(parent: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # it ended before the line above
        sys.exit()


def _fresh_metrics(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # read when prometheus_client is imported
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _serve(options: HostOptions) -> None:
    # imported here, after the setting above, and before gunicorn forks: workers share the
    # pages
    from gunicorn.app.base import BaseApplication
    from gunicorn.errors import HaltServer
    from prometheus_client.multiprocess import mark_process_dead

    from serving.app import App
    from serving.click_model import ClickModel
    from serving.shares import Shares
    from serving.worker import Worker

    shares = Shares()

    def begins(_: object, worker: Worker) -> None:
        worker.share = shares.take()

    def ends(_: object, worker: Worker) -> None:
        worker.share.leave()
        mark_process_dead(worker.pid)

    class Host(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            settings = {
                "bind": f"{options.address}:{options.port}",
                "workers": options.workers,
                "worker_class": Worker,
                "timeout": TIMEOUT_SECONDS,
                "graceful_timeout": DRAIN_SECONDS,
                "keepalive": KEEP_ALIVE_SECONDS,
                "loglevel": "warning",
                "control_socket_disable": True,
                "pre_fork": begins,
                "child_exit": ends,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self) -> object:
            model = ClickModel(
                str(options.bundle),
                options.prediction_log,
                options.new_images,
                options.image_hosts,
            )
            try:
                model.load()
            except AdclickError as error:
                print(error, file=sys.stderr, flush=True)
                sys.exit(UNSERVABLE)
            port = options.grpc_port
            return App(model, None if port is None else f"{options.address}:{port}")

    try:
        Host().run()
    except HaltServer as halt:
        # a second worker that failed while gunicorn was stopping because of the first
        sys.exit(halt.exit_status)


if __name__ == "__main__":
    main()
