"""The bundles that a local deployment keeps, a folder a version."""

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

    def intact(self, version: str) -> ServingBundle | None:
        """The store's copy of a version; None where there is none or it is damaged."""
        return _intact(self.home(version) / BUNDLE)


def _intact(folder: Path) -> ServingBundle | None:
    try:
        return load_bundle(folder)
    except AdclickError:
        return None
