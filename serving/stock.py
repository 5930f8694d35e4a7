"""Seldon's stock wrapper around the model, for those who want that server and no other."""

from __future__ import annotations

import json
import socket
import sys

from adclick.errors import AdclickError
from serving.no_tensorflow import hide_tensorflow
from serving.options import DRAIN_SECONDS, HostOptions

NAME = "seldon-core-microservice"
MODEL = "serving.click_model.ClickModel"


def serve_stock(options: HostOptions) -> None:
    """Run `seldon-core-microservice` in this process, until SIGTERM.

    Raises AdclickError for a bundle that cannot be read.
    """
    hide_tensorflow()
    from seldon_core import microservice

    _listen_on(options.address)
    sys.argv = [NAME, *_arguments(options)]
    microservice.main()


def _arguments(options: HostOptions) -> list[str]:
    model = {
        "bundle": str(options.bundle),
        "prediction_log": options.prediction_log,
        "new_images": options.new_images,
        "image_hosts": options.image_hosts,
    }
    parameters = [{"name": k, "value": v, "type": "STRING"} for k, v in model.items()]
    settings = {
        "--http-port": options.port,
        "--workers": options.workers,
        "--threads": options.threads,
        "--log-level": "WARNING",
        "--parameters": json.dumps(parameters),
        # its own metrics, beside those of this model at /metrics of the first port
        "--metrics-port": _free_port(options.address),
        # with workers for gRPC its master waits for ever after a SIGTERM
        "--grpc-workers": 0 if options.grpc_port is None else 1,
        "--grpc-port": options.grpc_port or 0,
    }
    return [MODEL, *(str(word) for pair in settings.items() for word in pair)]


def _listen_on(address: str) -> None:
    # it would listen on every address of the machine, and has no option against that
    from seldon_core.gunicorn_utils import StandaloneApplication

    load_config = StandaloneApplication.load_config

    def load(application: StandaloneApplication) -> None:
        load_config(application)
        port = application.options["bind"].rpartition(":")[2]
        application.cfg.set("bind", f"{address}:{port}")
        application.cfg.set("graceful_timeout", DRAIN_SECONDS)
        application.cfg.set("control_socket_disable", True)

    StandaloneApplication.load_config = load


def _free_port(address: str) -> int:
    try:
        with socket.socket() as probe:
            probe.bind((address, 0))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise AdclickError(f"address {address} is none of this machine's: {error}") from error
