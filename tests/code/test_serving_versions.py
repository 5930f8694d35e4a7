"""The folder of deployed bundles."""

from __future__ import annotations

from pathlib import Path

import pytest

from adclick.errors import AdclickError
from serving.versions import VersionStore
from tests.bundles import tiny_bundle


def test_a_copy_is_whole_its_own_and_made_once(tmp_path: Path) -> None:
    store = VersionStore(tmp_path / "state")
    bundle = tiny_bundle(tmp_path / "bundle", "v1")
    copy = store.install(bundle)
    assert copy.manifest == bundle.manifest
    assert copy.path.is_relative_to(tmp_path / "state")
    made = copy.path.stat().st_ino
    assert store.install(bundle).path.stat().st_ino == made
    assert [path.name for path in store.home("v1").iterdir()] == ["bundle"]


def test_what_a_killed_installation_left_is_removed(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    (store.home("v1") / "installing-abc" / "bundle").mkdir(parents=True)
    store.install(tiny_bundle(tmp_path / "bundle", "v1"))
    assert [path.name for path in store.home("v1").iterdir()] == ["bundle"]


def test_a_damaged_copy_is_replaced(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    bundle = tiny_bundle(tmp_path / "bundle", "v1")
    copy = store.install(bundle)
    (copy.path / "head.onnx").write_bytes(b"damaged")
    assert (store.install(bundle).path / "head.onnx").read_bytes() != b"damaged"


def test_a_version_stands_for_one_content(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    store.install(tiny_bundle(tmp_path / "bundle", "v1"))
    with pytest.raises(AdclickError, match="version of its own"):
        store.install(tiny_bundle(tmp_path / "other", "v1", bias=1.0))


def test_a_version_names_a_folder(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    with pytest.raises(AdclickError, match="letters, digits"):
        store.install(tiny_bundle(tmp_path / "bundle", "../v1"))


def test_a_version_is_found_again_as_long_as_it_is_intact(tmp_path: Path) -> None:
    store = VersionStore(tmp_path)
    assert store.intact("v1") is None
    installed = store.install(tiny_bundle(tmp_path / "bundle", "v1"))
    found = VersionStore(tmp_path).intact("v1")
    assert found is not None and found.version == "v1"
    (installed.path / "head.onnx").write_bytes(b"damaged")
    assert store.intact("v1") is None
