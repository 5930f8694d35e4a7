"""One training at a time, where runs go on without the process that started them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from adclick.errors import AdclickError
from pipelines import submission

TRAINING, DEPLOYMENT = (SimpleNamespace(name=name) for name in ("training", "deployment"))
ARGUMENTS = ("data", "adclick-shops")
OPTIONS = {"enable_cache": True}


def run(request: str, model: str = "adclick-shops", alive: bool = True) -> Any:
    config = SimpleNamespace(extra={submission.REQUEST: request}, parameters={"model": model})
    return SimpleNamespace(name="training-7", config=config, alive=alive)


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Checks that nothing else goes on where ZenML knows these unfinished runs."""

    def check(*, elsewhere: bool = True, **runs: Any) -> None:
        monkeypatch.setattr(submission, "_goes_on_alone", lambda: elsewhere)
        monkeypatch.setattr(submission, "_failing_fast", lambda options: options)
        monkeypatch.setattr(submission, "_unfinished", lambda name: iter(runs.get(name, ())))
        monkeypatch.setattr(submission, "_is_alive", lambda run: run.alive)
        submission.check_alone("adclick-shops", (TRAINING, DEPLOYMENT), OPTIONS, ARGUMENTS)

    return check


@pytest.mark.parametrize("pipeline", ["training", "deployment"])
def test_another_run_of_the_model_is_named(check: Any, pipeline: str) -> None:
    with pytest.raises(AdclickError, match="run training-7 of adclick-shops goes on: one training"):
        check(**{pipeline: [run("other")]})


def test_the_same_training_is_none_it_is_waited_for(check: Any) -> None:
    check(training=[run(submission._fingerprint("training", OPTIONS, ARGUMENTS))])


def test_other_models_dead_runs_and_runs_of_this_process_do_not_count(check: Any) -> None:
    check(training=[run("other", model="adclick-sample"), run("other", alive=False)])
    check(elsewhere=False, training=[run("other")])
    check()
