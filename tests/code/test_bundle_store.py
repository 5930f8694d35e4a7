"""Bundles in a bucket: published whole, fetched whole, told apart by version."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path

import fsspec
import pytest

from adclick.bundle.store import fetch, publish, uri_of
from adclick.errors import AdclickError
from tests.bundles import tiny_bundle


@pytest.fixture
def root() -> str:
    return f"memory://{uuid.uuid4().hex}/bundles/"


def test_a_bundle_comes_back_as_it_was(tmp_path: Path, root: str) -> None:
    bundle = tiny_bundle(tmp_path / "built", "v1")
    uri = publish(bundle, root)
    assert uri == uri_of("v1", root) == f"{root}v1"
    fetched = fetch(uri, tmp_path / "fetched")
    assert fetched.manifest == bundle.manifest
    assert publish(fetched, root) == uri


def test_another_bundle_of_the_same_version_is_refused(tmp_path: Path, root: str) -> None:
    publish(tiny_bundle(tmp_path / "one", "v1"), root)
    with pytest.raises(AdclickError, match="v1 was deployed before with other content in memory:"):
        publish(tiny_bundle(tmp_path / "other", "v1", bias=1.0), root)


def test_half_a_bundle_is_none_and_is_completed(tmp_path: Path, root: str) -> None:
    bundle = tiny_bundle(tmp_path / "built", "v1")
    uri = publish(bundle, root)
    files, path = fsspec.core.url_to_fs(uri)
    files.rm(f"{path}/manifest.json")
    with pytest.raises(AdclickError, match=f"no whole bundle is at {uri}"):
        fetch(uri, tmp_path / "fetched")
    publish(bundle, root)
    fetch(uri, tmp_path / "fetched")


def test_a_damaged_bundle_is_neither_published_nor_fetched(tmp_path: Path, root: str) -> None:
    bundle = tiny_bundle(tmp_path / "built", "v1")
    uri = publish(bundle, root)
    files, path = fsspec.core.url_to_fs(uri)
    files.pipe_file(f"{path}/encoder.json", b"{}")
    with pytest.raises(AdclickError, match=r"encoder\.json is missing or damaged"):
        fetch(uri, tmp_path / "fetched")
    (bundle.path / "encoder.json").write_text("{}")
    with pytest.raises(AdclickError, match=r"encoder\.json is missing or damaged"):
        publish(bundle, root)


def test_a_bucket_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "built", "v1")
    (tmp_path / "file").write_text("")
    with pytest.raises(AdclickError, match=r"bundle v1 cannot be copied to file://.*/file/v1: "):
        publish(bundle, f"file://{tmp_path}/file")
    with pytest.raises(AdclickError, match="bundle no-such-protocol://b/v1 cannot be read: "):
        fetch("no-such-protocol://b/v1", tmp_path / "fetched")


def test_an_init_container_says_why_it_failed_in_a_line(tmp_path: Path) -> None:
    uri = f"file://{tmp_path}/nowhere"
    words = [sys.executable, "-m", "serving.bundle_store", uri, str(tmp_path / "fetched")]
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith(f"no whole bundle is at {uri}") and ran.stderr.count("\n") == 1
