"""Which code a run is of: commit, what was changed, and where git cannot say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from adclick.card.code_version import CodeVersion, code_version


def git(folder: Path, *words: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.example", "-c", "commit.gpgsign=false")
    command = ["git", *identity, "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("ignored\n")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "one")
    return tmp_path


def test_a_clean_checkout_is_its_commit(repository: Path) -> None:
    (repository / "ignored").write_text("x")
    found = code_version(repository)
    head = git(repository, "rev-parse", "HEAD")
    assert (found.commit, found.changed, found.dirty) == (head, (), False)
    assert str(found) == head[:12]


def test_what_was_changed_or_added_is_named(repository: Path) -> None:
    (repository / "code.py").write_text("2\n")
    (repository / "a new é.py").write_text("3\n")
    found = code_version(repository)
    assert found.dirty and set(found.changed) == {"code.py", "a new é.py"}
    assert str(found).startswith(git(repository, "rev-parse", "HEAD")[:12] + ", with uncommitted")


def test_many_changes_are_counted() -> None:
    found = CodeVersion(commit="c" * 40, changed=tuple(f"{n}.py" for n in range(8)))
    assert str(found) == (
        "cccccccccccc, with uncommitted changes in 0.py, 1.py, 2.py, 3.py, 4.py and 3 more"
    )


def test_a_folder_within_another_repository_has_no_version(repository: Path) -> None:
    inner = repository / "unpacked"
    inner.mkdir()
    assert code_version(inner) == CodeVersion()
    assert "unknown" in str(code_version(inner))


def test_without_git_there_is_no_version(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_version(tmp_path_factory.mktemp("plain")) == CodeVersion()
    monkeypatch.setenv("PATH", "")
    assert code_version(repository) == CodeVersion()
