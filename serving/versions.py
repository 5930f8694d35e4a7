"""The bundles that a local deployment keeps, a folder a version, and which of them was good."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from adclick.bundle.bundle import ServingBundle, load_bundle
from adclick.errors import AdclickError

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
BUNDLE = "bundle"
INSTALLING = "installing-"


class VersionStore:
    """Copies of bundles below `root`, so that no server depends on a folder it does not own."""

    def __init__(self, root: Path) -> None:
        self.versions = root / "versions"
        self._current = root / "current"

    def home(self, version: str) -> Path:
        """The folder of a version: its bundle, its metrics and its server's log."""
        return self.versions / version

    def install(self, bundle: ServingBundle) -> ServingBundle:
        """The store's own copy of `bundle`, whole or not there at all.

        Raises AdclickError when the bundle is damaged, or another one was deployed under its
        version: answers and logs tell models apart by version.
        """
        if not VERSION.fullmatch(bundle.version):
            raise AdclickError(
                f"bundle {bundle.path} has the version {bundle.version!r}: use letters, digits, "
                "dot, - and _"
            )
        source = load_bundle(bundle.path)
        target = self.home(bundle.version) / BUNDLE
        stored = _intact(target)
        if stored is not None:
            if stored.manifest != source.manifest:
                raise AdclickError(
                    f"version {bundle.version} was deployed before with other content in {target}: "
                    "give the new bundle a version of its own"
                )
            return stored
        target.parent.mkdir(parents=True, exist_ok=True)
        for left in target.parent.glob(f"{INSTALLING}*"):
            shutil.rmtree(left)  # by an installation that was killed
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=INSTALLING) as temporary:
            copy = Path(shutil.copytree(source.path, Path(temporary) / "bundle"))
            # a damaged copy goes out of the way, not away: a server may still have its files open
            if target.exists():
                target.replace(Path(temporary) / "damaged")
            copy.replace(target)
        return load_bundle(target)

    @property
    def current(self) -> ServingBundle | None:
        """The version that was last deployed well; None after `forget_current`, or if damaged."""
        if not self._current.is_file():
            return None
        return _intact(self.home(self._current.read_text(encoding="utf-8")) / BUNDLE)

    def set_current(self, version: str) -> None:
        """Note that `version` serves and was checked."""
        new = self._current.with_suffix(".new")
        new.write_text(version, encoding="utf-8")
        new.replace(self._current)

    def forget_current(self) -> None:
        """Note that no version is meant to serve."""
        self._current.unlink(missing_ok=True)


def _intact(folder: Path) -> ServingBundle | None:
    try:
        return load_bundle(folder)
    except AdclickError:
        return None
