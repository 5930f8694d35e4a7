"""A room of its own for the emulated cloud: namespaces whose end is the end of all that runs there.

Outside, `launch` starts a process in new mount, network and PID namespaces; when it or its starter
dies, the kernel kills the rest. Inside, `furnish` puts a file system over the machine's, whose
changes are kept in memory alone, and gives the loopback interface the emulated hosts' addresses.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from adclick.errors import AdclickError
from tests.gcp.cloud import names

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


def why_not() -> str | None:
    """Why no room can be made here, or None."""
    if os.geteuid() != 0:
        return "an emulated cloud needs root, for its namespaces"
    tools = ("setpriv", "unshare", "nsenter", "mount", "ip")
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        return f"an emulated cloud needs {', '.join(missing)}: apt-get install util-linux iproute2"
    tried = subprocess.run(
        ["unshare", "--mount", "--net", "true"], capture_output=True, check=False
    )
    return None if tried.returncode == 0 else "namespaces are not allowed here (unshare fails)"


def launch(
    command: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path,
    network: Path | None = None,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Start `command` as process 1 of new namespaces; killing what is returned ends all in them.

    Where the file of a `network` namespace is given, that one is used instead of a new one.
    """
    net = ["unshare", "--net"] if network is None else ["nsenter", f"--net={network}"]
    namespaces = [*net, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
    guarded = ["setpriv", "--pdeathsig", "KILL", *namespaces, "--propagation", "private"]
    return subprocess.Popen([*guarded, *command], cwd=cwd, env=environment, **streams)


def furnish(place: Path, shared: Iterable[Path], authority: Path) -> None:
    """Move this process into the room: files changed there vanish, but for those in `shared`.

    `place` is an empty folder to put it at; what is shared is folders and sockets. The room trusts
    `authority` and knows names.HOSTS.
    """
    _mount("-t", "tmpfs", "emulated-cloud", place)
    upper, work, root = (place / name for name in ("upper", "work", "root"))
    for folder in (upper, work, root):
        folder.mkdir()
    layers = f"lowerdir=/,upperdir={upper},workdir={work}"
    _mount("-t", "overlay", "emulated-cloud", "-o", layers, root)
    _mount("-t", "proc", "proc", root / "proc")
    for system in ("dev", "sys"):
        _mount("--rbind", f"/{system}", root / system)
    _mount("-t", "tmpfs", "emulated-cloud", root / "dev/shm")
    for path in sorted({path.resolve() for path in shared}):
        inside = root / path.relative_to("/")
        if path.is_dir():
            inside.mkdir(parents=True, exist_ok=True)
        else:
            inside.parent.mkdir(parents=True, exist_ok=True)
            inside.touch()
        _mount("--bind", path, inside)
    here = Path.cwd()
    os.chroot(root)
    os.chdir(here)
    _introduce(authority.read_text(encoding="utf-8"))


def _introduce(authority: str) -> None:
    """Tell the room's system files of the emulated hosts and of the authority."""
    for address in sorted({*names.HOSTS.values(), names.CLUSTER_ADDRESS} - {"127.0.0.1"}):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")
    _run("ip", "link", "set", "lo", "up")
    Path("/etc/hosts").write_text(names.hosts_file(), encoding="utf-8")
    SYSTEM_BUNDLE.parent.mkdir(parents=True, exist_ok=True)
    SYSTEM_BUNDLE.write_text(authority, encoding="utf-8")


def _mount(*words: str | Path) -> None:
    _run("mount", *words)


def _run(*words: str | Path) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        said = " ".join(ran.stderr.split())
        raise AdclickError(
            f"the emulated cloud could not make its room ({' '.join(map(str, words))}: {said}): "
            "it needs a kernel with overlayfs, and root with CAP_SYS_ADMIN and CAP_NET_ADMIN"
        )
