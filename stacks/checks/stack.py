"""All checks of a stack: its variables, its server, its environment and its components."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from adclick.config import RunConfig
from adclick.errors import AdclickError
from stacks.checks.artifact_registry import image_check
from stacks.checks.check import Check, CheckResult, Finding, Status, fails, holds, not_checked
from stacks.checks.flavors import flavor_of
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.project import credential_checks, project_checks
from stacks.checks.requirements import environment_checks
from stacks.checks.running import make_checks
from stacks.checks.subject import Subject
from stacks.checks.web import Web
from stacks.checks.zenml_server import server_checks
from stacks.definition import STACKS, VARIABLE, StackDefinition, check_name, parse_stack

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD")
LEAST_SECRET = 8
GOOGLE_CONNECTOR = "gcp"
# these are Google's with a connector or without
GOOGLE_FLAVORS = ("vertex_workers", "gcp")

Variables = Mapping[str, str]


def check_stack(
    name: str, config: RunConfig, environment: Variables, web: Web | None = None
) -> tuple[CheckResult, ...]:
    """What a run with `config` on the stack of this name would need, found or not.

    Nothing is changed, and ZenML's client is not used: it would sign in and register. Raises
    AdclickError for a name that no stack has; whatever else is wrong is a row that fails.
    """
    check_name(name)
    path = STACKS / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    missing = unset(content, environment)
    stand_ins = {variable: f"${{{variable}}}" for variable in missing}
    variables = Check("variables", lambda: _variables(content, missing))
    try:
        definition = parse_stack(text, path, {**environment, **stand_ins})
    except AdclickError as error:
        broken = CheckResult(path.name, Status.FAILS, str(error))
        return (*make_checks([variables], _secrets(environment)), broken)
    web = web or Web()
    subject = Subject(definition, config.resources, _google(definition, web), web)
    components = list(_components(subject, content, environment))
    checks = [
        variables,
        *environment_checks(definition),
        *_server(subject, unset(content.get("server"), environment)),
        *_google_checks(subject, components, unset(content.get("connectors"), environment)),
        *components,
    ]
    return make_checks(_each_once(checks), _secrets(environment))


def unset(content: Any, environment: Variables) -> tuple[str, ...]:
    """The variables in a part of a stack's file that have neither value nor default."""
    found = VARIABLE.finditer(json.dumps(content))
    names = {match[1] for match in found if match[2] is None and not environment.get(match[1])}
    return tuple(sorted(names))


def _variables(content: Any, missing: tuple[str, ...]) -> Finding:
    if missing:
        assignments = " ".join(f"{name}=VALUE" for name in missing)
        return fails(
            f"not set: {', '.join(missing)}; .env.example says what they are",
            f"export {assignments}",
        )
    return holds(f"{len({match[1] for match in VARIABLE.finditer(json.dumps(content))})} known")


def _google(definition: StackDefinition, web: Web) -> Google:
    connector = next(
        (c for c in definition.connectors.values() if c.type == GOOGLE_CONNECTOR), None
    )
    return Google(web, str(connector.configuration.get("project_id", "")) if connector else "")


def _server(subject: Subject, missing: tuple[str, ...]) -> Sequence[Check]:
    server = subject.definition.server
    components = subject.definition.components.values()
    secrets = [secret for component in components for secret in component.secrets]
    return _unless(missing, server_checks(subject.web, server, secrets)) if server else []


def _google_checks(
    subject: Subject, components: Sequence[Check], missing: tuple[str, ...]
) -> Iterator[Check]:
    """Checks of Google Cloud as a whole, where a component is there."""
    definition = subject.definition
    flavors = [
        flavor_of(kind, component)
        for kind, component in definition.components.items()
        if component.connector is not None or component.flavor in GOOGLE_FLAVORS
    ]
    apis = [api for flavor in flavors for api in flavor.apis]
    if apis or any(CREDENTIALS in check.needs for check in components):
        yield from credential_checks(subject.google)
    if apis:
        rights = {name: role for flavor in flavors for name, role in flavor.rights.items()}
        yield from _unless(missing, project_checks(subject.google, apis, rights))
    image = definition.image
    if apis and image is not None and image.built:
        yield image_check(subject.google, "steps' image", image.built)


def _components(subject: Subject, content: Any, environment: Variables) -> Iterator[Check]:
    connectors = content.get("connectors", {})
    for kind, component in subject.definition.components.items():
        look = flavor_of(kind, component).checks
        if look is None:
            continue
        needed = unset(
            [content["components"][kind], connectors.get(component.connector)], environment
        )
        try:
            yield from _unless(needed, look(subject, component))
        except Exception as error:
            # a setting of another form, or a package that is not installed
            yield _found(f"{kind} {component.flavor}", fails(f"{type(error).__name__}: {error}"))


def _unless(missing: tuple[str, ...], checks: Sequence[Check]) -> Sequence[Check]:
    """The checks, or their rows alone when variables that they need are missing."""
    if not missing:
        return checks
    why = not_checked(f"needs {', '.join(missing)}")
    return [_found(check.name, why) for check in checks]


def _found(name: str, finding: Finding) -> Check:
    return Check(name, lambda: finding)


def _each_once(checks: list[Check]) -> list[Check]:
    """Components share buckets, and want to know the same of them."""
    first: dict[str, Check] = {}
    for check in checks:
        first.setdefault(check.name, check)
    return list(first.values())


def _secrets(environment: Variables) -> set[str]:
    """The values of variables that are named as secrets are; a short one is none."""
    return {
        value
        for name, value in environment.items()
        if len(value) >= LEAST_SECRET and SECRET.search(name)
    }
