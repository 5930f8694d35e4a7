"""Making a stack the one that this process works with."""

from __future__ import annotations

import os
from pathlib import Path

from stacks.definition import StackDefinition, load_stack
from stacks.environment import HOME_VARIABLE, prepare, state_folder, use_server


def use_stack(repository: Path, name: str, *, debug: bool = False) -> StackDefinition:
    """Activate the stack `name`, with its variables from the environment; with `debug` ZenML talks.

    Raises AdclickError when there is no such stack, or a setting of it cannot be.
    """
    if debug:
        os.environ["ZENML_LOGGING_VERBOSITY"] = "INFO"
    home = state_folder(repository)
    definition = load_stack(name, {**os.environ, HOME_VARIABLE: str(home)})
    os.environ.update(definition.engine.environment)
    prepare(repository, home)
    if definition.server:
        use_server(definition.server)
    # they import ZenML, which reads the environment then
    from stacks.registration import activate
    from stacks.savings import save_time

    save_time()
    activate(definition)
    return definition
