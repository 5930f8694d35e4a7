"""The base that our images are built on: Docker Hub's where it is reached, or one like it.

The one like it is Debian bookworm with this machine's Python 3.12 in /usr/local and this machine's
certificate authorities, for networks that sign TLS anew: all that is special to a machine is in it,
and our Dockerfiles know nothing of it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.gcp.images.engine import exists

PUBLIC = "python:3.12-slim-bookworm"
OWN = "adclick-test/python:3.12-slim-bookworm"
PULL_SECONDS = 300
DEBIAN = "http://deb.debian.org/debian"
# what the public image has, of Debian
PACKAGES = ("ca-certificates", "netbase", "tzdata")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
SETTINGS = {
    "etc/pip.conf": f"[global]\ncert = {AUTHORITIES}\n",
    "etc/uv/uv.toml": "native-tls = true\n",
}
LIBRARY = re.compile(r"=> (/\S+)")


def base_image(scratch: Path) -> str:
    """The name of a base image that this engine has; `scratch` is an empty folder to make it in."""
    for name in (PUBLIC, OWN):
        if exists(name):
            return name
    pull = ["timeout", str(PULL_SECONDS), "docker", "pull", "--quiet", PUBLIC]
    if subprocess.run(pull, capture_output=True, check=False).returncode == 0:
        return PUBLIC
    _make(scratch / "root")
    return OWN


def why_not() -> str | None:
    """Why no base image can be made here, or None."""
    if exists(PUBLIC) or exists(OWN) or shutil.which("debootstrap"):
        return None
    return f"{PUBLIC} is not here, and one like it needs debootstrap: apt-get install debootstrap"


def _make(root: Path) -> None:
    """A bookworm in `root`, imported into the engine."""
    include = f"--include={','.join(PACKAGES)}"
    bootstrap = ["debootstrap", "--variant=minbase", include, "bookworm", str(root), DEBIAN]
    done = subprocess.run(bootstrap, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    shutil.rmtree(root / "var/cache/apt/archives")
    shutil.copy(AUTHORITIES, root / AUTHORITIES.relative_to("/"))
    for path, text in SETTINGS.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    _install_python(root)
    archive = ["tar", "--create", "--one-file-system", "--directory", str(root), "."]
    changes = ["--change", 'CMD ["python3"]', "--change", "ENV LANG=C.UTF-8"]
    with subprocess.Popen(archive, stdout=subprocess.PIPE) as packed:
        subprocess.run(
            ["docker", "import", *changes, "-", OWN], stdin=packed.stdout, check=True, timeout=600
        )
    shutil.rmtree(root)


def _install_python(root: Path) -> None:
    """This interpreter's installation at /usr/local, with the libraries that bookworm has not."""
    installed = Path(sys.base_prefix)
    unused = shutil.ignore_patterns("__pycache__", "test", "*.a", "site-packages")
    for part in ("bin", "lib", "include"):
        shutil.copytree(
            installed / part,
            root / "usr/local" / part,
            symlinks=True,
            ignore=unused,
            dirs_exist_ok=True,
        )
    for library in _libraries(installed):
        inside = root / library.relative_to("/")
        if not inside.exists():
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, inside)
    subprocess.run(["chroot", root, "ldconfig"], check=True)
    subprocess.run(["chroot", root, "python", "-c", "import ssl, sqlite3, ctypes"], check=True)


def _libraries(installed: Path) -> list[Path]:
    """The shared libraries of an installation's interpreter and modules, outside of itself."""
    files = [installed / "bin/python3.12", *installed.glob("lib/python3.12/lib-dynload/*.so")]
    said = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    found = {Path(path) for path in LIBRARY.findall(said)}
    return sorted(path for path in found if not path.is_relative_to(installed))
