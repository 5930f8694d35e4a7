"""The environment of a run: everything below one folder, quiet, and nothing sent anywhere."""

from __future__ import annotations

import atexit
import gc
import logging
import os
from pathlib import Path

from dotenv import dotenv_values

from adclick.errors import AdclickError
from stacks.definition import ServerDefinition

HOME_VARIABLE = "ADCLICK_HOME"
STORE_VARIABLES = ("ZENML_STORE_", "ZENML_ACTIVE_STACK_ID")


def state_folder(repository: Path) -> Path:
    """The folder where runs keep their state: $ADCLICK_HOME, or .adclick in the repository.

    Made unless it is there; raises AdclickError when it cannot be.
    """
    home = Path(os.environ.get(HOME_VARIABLE) or repository / ".adclick").resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdclickError(
            f"no state can be kept in {home} ({error.strerror}): set {HOME_VARIABLE} to a folder "
            "of yours"
        ) from error
    return home


def read_variables(repository: Path) -> None:
    """Add what the repository's .env says to the environment, where it is not set already."""
    for name, value in dotenv_values(repository / ".env").items():
        if value and not os.environ.get(name):
            os.environ[name] = value


def prepare(repository: Path, home: Path) -> None:
    """Set what ZenML, Evidently and TensorFlow read at import; call it before importing them.

    ZenML's configuration and store lie in `home`, so that neither the user's active stack nor the
    home folder is touched.
    """
    os.environ.update(
        {
            HOME_VARIABLE: str(home),
            "ZENML_CUSTOM_SOURCE_ROOT": str(repository),
            "ZENML_CONFIG_PATH": str(home / "zenml"),
            "ZENML_LOCAL_STORES_PATH": str(home / "zenml" / "stores"),
            "ZENML_ANALYTICS_OPT_IN": "false",
            "ZENML_AUTO_OPEN_DASHBOARD": "false",
            "ZENML_DISABLE_INTERACTIVE_INPUT": "true",
            "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
            "ZENML_ENABLE_RICH_TRACEBACK": "false",
            "DO_NOT_TRACK": "1",
            # ZenML asks uv for the installed packages, Keras writes its settings
            "UV_NO_CACHE": "1",
            "KERAS_HOME": str(home / "keras"),
        }
    )
    # a failed step is told of once, by run.py
    os.environ.setdefault("ZENML_LOGGING_VERBOSITY", "CRITICAL")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # a stack or store that a user's shell names is this run's only if its stack says so
    for variable in [name for name in os.environ if name.startswith(STORE_VARIABLES)]:
        del os.environ[variable]
    # modules are most of what Python looks through for garbage: a tenth of a run at its default
    gc.set_threshold(100_000, 10, 10)


def use_server(server: ServerDefinition) -> None:
    """Keep this process's runs on a ZenML server; call it after `prepare`."""
    os.environ["ZENML_STORE_URL"] = server.url
    os.environ["ZENML_STORE_API_KEY"] = server.api_key.get_secret_value()


def close_logs() -> None:
    """Flush and close all log handlers while that can still be done; call it at the end.

    ZenML's handler starts a thread to flush, which Python 3.12 refuses at exit.
    """
    logging.shutdown()
    atexit.unregister(logging.shutdown)


def exit_quickly() -> None:
    """Leave what is in memory to the operating system; call it last.

    Python would look through all of it for garbage before it exits, for a second or two.
    """
    gc.freeze()
