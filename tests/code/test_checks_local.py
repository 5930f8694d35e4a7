"""Checks of this machine, each seen to hold and to fail; how checks are made and shown."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from adclick.config import RunConfig
from adclick.errors import AdclickError
from stacks.checks import CheckResult, check_stack, exit_code, print_checks
from stacks.checks.check import Check, Finding, Status, fails, holds
from stacks.checks.requirements import installed, python
from stacks.checks.running import make_checks
from stacks.checks.this_machine import docker_checks
from stacks.checks.web import ApiError


def local(home: Path, **variables: str) -> dict[str, CheckResult]:
    environment = {"ADCLICK_HOME": str(home), **variables}
    return {r.check: r for r in check_stack("local", RunConfig(), environment)}


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which this process listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_all_holds_on_this_machine(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = str(probe.getsockname()[1])
    results = local(tmp_path / "home", ADCLICK_SELDON_PORT=port)
    assert {name: r.found for name, r in results.items() if r.status != Status.HOLDS} == {}
    assert list(results) == [
        "variables",
        "Python",
        "requirements",
        f"folder {tmp_path}/home/artifacts",
        f"folder {tmp_path}/home/serving",
        f"port {port}",
        f"folder {tmp_path}/home/evidently",
    ]
    assert not (tmp_path / "home").exists()


def test_a_port_of_another_process_is_named_with_a_free_one(tmp_path: Path, taken: int) -> None:
    result = local(tmp_path, ADCLICK_SELDON_PORT=str(taken))[f"port {taken}"]
    assert result.status == Status.FAILS
    assert f"port {taken} is in use by pid {os.getpid()}" in result.found
    variable, port = str(result.mend).removeprefix("export ").split("=")
    assert variable == "ADCLICK_SELDON_PORT"
    with socket.create_server(("127.0.0.1", int(port))):
        pass


def test_a_setting_of_another_form_is_a_row(tmp_path: Path) -> None:
    results = local(tmp_path, ADCLICK_SELDON_PORT="nine")
    assert results["model_deployer seldon_local"].status == Status.FAILS
    assert "'nine'" in results["model_deployer seldon_local"].found


def test_a_folder_that_is_none_can_t_be_written_to() -> None:
    result = local(Path("/proc/adclick"))["folder /proc/adclick/artifacts"]
    assert result.status == Status.FAILS
    assert result.found.startswith("/proc can't be written to")
    assert result.mend == "export ADCLICK_HOME=FOLDER"


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr("stacks.checks.this_machine.LEAST_FREE", 2 * free)
    assert "free, a run needs up to" in local(tmp_path)[f"folder {tmp_path}/artifacts"].found


def test_a_missing_variable_leaves_the_environment_to_be_checked(tmp_path: Path) -> None:
    results = {r.check: r for r in check_stack("local", RunConfig(), {})}
    assert results["variables"].found.startswith("not set: ADCLICK_HOME")
    assert results["requirements"].status == Status.HOLDS
    assert results["folder ${ADCLICK_HOME}/artifacts"].found == "needs ADCLICK_HOME"


def test_an_unknown_stack_is_refused() -> None:
    with pytest.raises(AdclickError, match="stack 'moon' does not exist"):
        check_stack("moon", RunConfig(), {})


def test_packages_that_are_missing_or_of_another_version_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text(
        "# by uv\nPyYAML>=1\n    # via us\nrequests==0.1\nno-such-package==1.0\n"
        "of-another-system==1 ; sys_platform == 'win32'\n"
    )
    finding = installed(lock, "local")
    assert finding.found == (
        f"not as in lock.txt: requests {requests.__version__} (==0.1), "
        "no-such-package missing (==1.0)"
    )
    assert finding.mend == f"{sys.executable} -m pip install --requirement={lock}"
    lock.write_text("PyYAML>=1\n")
    assert installed(lock, "local") == holds("1 packages as in lock.txt")


def test_another_environment_is_used_and_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stacks.checks.requirements.REPOSITORY", tmp_path)
    monkeypatch.setattr("sys.prefix", str(tmp_path / ".venv"))
    lock = tmp_path / "requirements-gcp.txt"
    lock.write_text("no-such-package==1\n")
    assert installed(lock, "gcp").mend == (
        "make .venv-gcp/installed && .venv-gcp/bin/python run.py --stack gcp --check"
    )


def test_another_python_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.python_version", lambda: "3.13.2")
    assert python() == fails(
        "3.13.2, but ==3.12.* is needed", "uv python install 3.12 && make setup"
    )


@pytest.mark.parametrize(
    ("script", "found", "mend"),
    [
        ("echo 27.5.1", "engine 27.5.1", None),
        ("echo no daemon >&2; exit 1", "no daemon", "sudo systemctl start docker"),
        (None, "docker is not installed", "sudo apt-get install docker.io"),
    ],
)
def test_the_docker_engine_answers(
    script: str | None,
    found: str,
    mend: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command is a stand-in: there need be no engine here."""
    if script is not None:
        command = tmp_path / "docker"
        command.write_text(f"#!/bin/sh\n{script}\n")
        command.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    (check,) = docker_checks(None, None)  # type: ignore[arg-type]
    assert (check.look().found, check.look().mend) == (found, mend)


def test_independent_checks_are_made_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=10)

    def look() -> Finding:
        together.wait()
        return holds("")

    results = make_checks([Check(str(i), look) for i in range(3)], ())
    assert {result.status for result in results} == {Status.HOLDS}


def test_what_needs_something_that_fails_is_not_checked() -> None:
    asked: list[str] = []

    def ask(name: str, finding: Finding) -> Finding:
        asked.append(name)
        return finding

    results = make_checks(
        [
            Check("a", lambda: ask("a", holds("fine"))),
            Check("b", lambda: ask("b", fails("not there", "make it")), ("a",)),
            Check("c", lambda: ask("c", holds("")), ("a", "b")),
            Check("d", lambda: ask("d", holds("")), ("c",)),
        ],
        (),
    )
    assert asked == ["a", "b"]
    assert results == (
        CheckResult("a", Status.HOLDS, "fine"),
        CheckResult("b", Status.FAILS, "not there", "make it"),
        CheckResult("c", Status.NOT_CHECKED, "needs b"),
        CheckResult("d", Status.NOT_CHECKED, "needs c"),
    )
    assert (exit_code(results), exit_code(results[:1])) == (2, 0)


def test_an_exception_is_a_row_in_one_line() -> None:
    def raise_(error: Exception) -> Finding:
        raise error

    odd = KeyError("a\nb")
    off = ApiError("x.googleapis.com", 403, "no", "x.googleapis.com")
    results = make_checks(
        [
            Check("odd", lambda: raise_(odd)),
            Check("off", lambda: raise_(off)),
            Check("refused", lambda: raise_(ApiError("h", 418, "tea"))),
        ],
        (),
    )
    assert [(r.status, r.found) for r in results] == [
        (Status.FAILS, r"KeyError: 'a\nb'"),
        (Status.NOT_CHECKED, "needs x.googleapis.com, which is not enabled"),
        (Status.FAILS, "h answered 418: tea"),
    ]


def test_secrets_are_not_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leak = "at https://me:hunter2@host/ with KEY-of-mine"
    results = make_checks([Check(leak, lambda: fails(leak, leak))], {"KEY-of-mine"})
    shown = "at https://***@host/ with ***"
    assert results == (CheckResult(shown, Status.FAILS, shown, shown),)
    variables = {"SOME_TOKEN": "tok-12345678", "ADCLICK_SELDON_PORT": "tok-12345678"}
    print_checks(list(local(tmp_path, **variables).values()))
    assert "tok-12345678" not in capsys.readouterr().out


def test_each_command_is_printed_once_and_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    mend = "gcloud " + "very " * 60 + "long"
    print_checks(
        [
            CheckResult("one", Status.FAILS, "not there", mend),
            CheckResult("two", Status.FAILS, "[red]not markup", mend),
            CheckResult("three", Status.HOLDS, "fine"),
            CheckResult("four", Status.NOT_CHECKED, "needs one"),
        ]
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines.count(mend) == 1
    assert "# one, two" in lines
    assert "1 holds, 2 fails, 1 not checked" in lines
    assert any("[red]not markup" in line for line in lines)
