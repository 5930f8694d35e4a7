"""Writes provider_schemas.json: the schemas of what infra/ uses, out of packages of PyPI.

Terraform's providers cannot be had on machines that reach package registries only, but cdktn's
bindings of them can, and are generated from the providers' schemas: names, types, which are
arguments, blocks, required or write-only. Run by hand after a change of versions.tf:

    pip download --no-deps -d FOLDER cdktn-provider-{google,google-beta,helm,kubernetes,random}
    python -m tests.infra.extract_schemas FOLDER
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.terraform import INFRA

SCHEMAS = Path(__file__).with_name("provider_schemas.json")
PROVIDERS = ("google", "google-beta", "helm", "kubernetes", "random")
USED = re.compile(r'^(resource|data|ephemeral) "(\w+)"', re.MULTILINE)
BETA = re.compile(r'^resource "(\w+)" "\w+" \{\n\s+provider = google-beta', re.MULTILINE)

CLASS = re.compile(r"^class (\w+) extends", re.MULTILINE)
FUNCTION = re.compile(r"^function (\w+)ToHclTerraform\(", re.MULTILINE)
ARGUMENT = re.compile(
    r"^ +(\w+): \{\s+value: (.*?),\n\s+isBlock: (\w+),\s+"
    r"type: \"(\w+)\",\s+storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
GETTER = re.compile(r"this\.get(\w+?)Attribute\('(\w+)'\)")
NESTED = re.compile(r"new (\w+?)(List|OutputReference)\(this, \"(\w+)\"")
INTERFACE = re.compile(r"^export interface (\w+)[^{]*\{(.*?)^\}", re.MULTILINE | re.DOTALL)
PROPERTY = re.compile(r"readonly \w+(\??):")
LINK = re.compile(r"#(\w+) \w+#")
PRIMITIVES = {"string": "string", "number": "number", "boolean": "bool"}
# arguments that a resource decides where they are left out: the bindings do not tell which do
READ_BACK = {"address", "endpoint", "id"}
GETTERS: dict[str, Any] = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "BooleanMap": ["map", "bool"],
    "NumberMap": ["map", "number"],
}

Schema = dict[str, Any]


class Bindings:
    """One provider's bindings: the source text of some of its resources."""

    def __init__(self, wheel: Path, folders: set[str]) -> None:
        self._texts: dict[str, str] = {}
        with zipfile.ZipFile(wheel) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
            content = io.BytesIO(archive.read(name))
        # read once from front to end: the archive is compressed as a whole, and large
        with tarfile.open(fileobj=content, mode="r|gz") as package:
            for member in package:
                path = Path(member.name).parts
                if member.name == "package/README.md" or (
                    path[1:2] == ("lib",) and path[2] in folders
                ):
                    file = package.extractfile(member)
                    text = file.read().decode() if file else ""
                    self._texts[member.name] = text.partition("//# sourceMappingURL")[0]
        found = re.search(r"provider version (\S+)", self._texts["package/README.md"])
        assert found is not None
        self.version = found.group(1)

    def sources(self, folder: str, suffix: str) -> str:
        """All files of a resource, one after the other."""
        prefix = f"package/lib/{folder}/index"
        return "\n".join(
            text
            for name, text in sorted(self._texts.items())
            if name.startswith(prefix) and name.endswith(suffix)
        )


class Resource:
    """The schema of one resource, data source, ephemeral resource or provider."""

    def __init__(self, bindings: Bindings, folder: str, *, framework: bool) -> None:
        code = bindings.sources(folder, ".js")
        self._framework = framework
        self._arguments = {name: _arguments(body) for name, body in _parts(FUNCTION, code)}
        self._classes = dict(_parts(CLASS, code))
        self._required = {
            name: _required(body)
            for name, body in INTERFACE.findall(bindings.sources(folder, ".d.ts"))
        }

    def schema(self) -> Schema:
        """Its block: attributes and nested blocks."""
        name = next(n for n, body in self._classes.items() if "synthesizeHclAttributes()" in body)
        body = self._classes[name]
        arguments = _arguments(body[body.index("synthesizeHclAttributes") :])
        return self._block(body, arguments, self._required[f"{name}Config"])

    def _block(self, body: str, arguments: list[tuple[str, ...]], required: set[str]) -> Schema:
        block: Schema = {"attributes": {}, "blocks": {}}
        single = {name for _, kind, name in NESTED.findall(body) if kind == "OutputReference"}
        for name, value, is_block, kind, storage in arguments:
            if is_block == "true":
                nested = self._nested(storage)
                many = kind in ("list", "set") and name not in single
                if self._framework and name != "timeouts":
                    block["attributes"][name] = {
                        "nested": nested,
                        "nesting": "list" if many else "single",
                        "required": name in required,
                        "optional": name not in required,
                        "write_only": "markWriteOnly" in value,
                    }
                    continue
                block["blocks"][name] = {
                    "block": nested,
                    "nesting": "single"
                    if name == "timeouts"
                    else ("set" if kind == "set" else "list"),
                    "min": int(name in required),
                    "max": 0 if many or name == "timeouts" else 1,
                }
                continue
            block["attributes"][name] = {
                "type": _type(kind, storage),
                "required": name in required,
                "optional": name not in required,
                "write_only": "markWriteOnly" in value or name.endswith("_wo"),
            }
        for getter, name in _readable(body):
            block["attributes"].setdefault(name, {"type": getter, "computed": True})
        for _, _, name in NESTED.findall(body):
            if name not in block["attributes"] and name not in block["blocks"]:
                block["attributes"][name] = {"type": "dynamic", "computed": True}
        for name in READ_BACK & block["attributes"].keys():
            if not block["attributes"][name].get("required"):
                block["attributes"][name]["computed"] = True
        return block

    def _nested(self, storage: str) -> Schema:
        name = storage if _lower(storage) in self._arguments else storage.removesuffix("List")
        body = self._classes.get(f"{name}OutputReference", "")
        return self._block(body, self._arguments[_lower(name)], self._required[name])


def _readable(body: str) -> Iterator[tuple[Any, str]]:
    for kind, name in GETTER.findall(body):
        yield GETTERS.get(kind, "dynamic"), name


def _parts(start: re.Pattern[str], code: str) -> list[tuple[str, str]]:
    """Names and bodies: what begins with `start` ends at the next line that is a brace alone."""
    return [
        (match.group(1), code[match.start() : code.index("\n}", match.start())])
        for match in start.finditer(code)
    ]


def _required(interface: str) -> set[str]:
    """The properties that are not optional; what stands before each links to its page by name."""
    names, start = set(), 0
    for found in PROPERTY.finditer(interface):
        links = LINK.findall(interface[start : found.start()])
        if links and not found.group(1):
            names.add(links[-1])
        start = found.end()
    return names


def _arguments(body: str) -> list[tuple[str, ...]]:
    return ARGUMENT.findall(body)


def _type(kind: str, storage: str) -> Any:
    if kind == "simple":
        return PRIMITIVES.get(storage, "dynamic")
    inner = re.sub(r"(List|Map)$", "", storage)
    return [kind, PRIMITIVES.get(inner, "dynamic")]


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]


def _folder(kind: str, name: str, *, beta: bool) -> str:
    """Where a binding lies: google_sql_user in sql-user, but those of google-beta in google-..."""
    path = name if beta else name.split("_", 1)[1]
    return (path if kind == "resource" else f"{kind}_{name}").replace("_", "-")


def _slim(value: Any) -> Any:
    """Without what is not so: false, 0 and empty."""
    if not isinstance(value, dict):
        return value
    return {key: _slim(inner) for key, inner in value.items() if inner not in (False, {})}


def main() -> None:
    """Write the schemas of what infra/ uses."""
    folder = Path(sys.argv[1])
    text = "\n".join(path.read_text() for path in sorted(INFRA.glob("*.tf")))
    beta = set(BETA.findall(text))
    used = sorted(set(USED.findall(text)))
    schemas: Schema = {}
    for provider in PROVIDERS:
        (wheel,) = folder.glob(f"cdktn_provider_{provider.replace('-', '_')}-*.whl")
        mine = {
            (kind, name): _folder(kind, name, beta=name in beta)
            for kind, name in used
            if ("google-beta" if name in beta else name.split("_")[0]) == provider
        }
        bindings = Bindings(wheel, {"provider", *mine.values()})
        framework = provider in ("helm", "random")
        schemas[provider] = {
            "version": bindings.version,
            "provider": Resource(bindings, "provider", framework=framework).schema(),
            "resource": {},
            "data": {},
            "ephemeral": {},
        }
        for (kind, name), path in mine.items():
            schema = Resource(bindings, path, framework=framework).schema()
            schemas[provider][kind][name] = schema
    SCHEMAS.write_text(json.dumps(_slim(schemas), separators=(",", ":"), sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
