"""Checks of a Kubernetes cluster: there, with a namespace in which a component may do its work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from stacks.checks.check import Check, Finding, fails, holds
from stacks.checks.subject import Subject
from stacks.checks.web import ApiError
from stacks.definition import ComponentDefinition

if TYPE_CHECKING:
    from stacks.checks.cluster import Cluster

APIS = ("container.googleapis.com",)
RIGHTS = {"container.clusters.list": "roles/container.clusterViewer"}
FORBIDDEN, MISSING = 403, 404

# resource (with a subresource or without), group and verbs that a component asks for
Asked = Sequence[tuple[str, str, Sequence[str]]]
# what ZenML's orchestrator does for a pipeline whose steps are jobs
ORCHESTRATION: Asked = (
    ("jobs", "batch", ("create", "delete", "get", "list", "patch")),
    ("pods", "", ("create", "get", "list")),
    ("pods/log", "", ("get",)),
    ("secrets", "", ("create", "delete", "patch")),
)


def kubernetes_checks(subject: Subject, component: ComponentDefinition) -> Sequence[Check]:
    """What ZenML's Kubernetes orchestrator needs, by its configuration."""
    cluster, settings = subject.cluster(component), component.configuration
    namespace = str(settings.get("kubernetes_namespace", "zenml"))
    checks = [
        cluster_check(cluster),
        *namespace_checks(cluster, namespace, "adclick-runner", ORCHESTRATION),
    ]
    accounts = {settings.get(f"{who}service_account_name") for who in ("", "step_pod_")}
    for account in sorted(filter(None, accounts)):
        checks.append(_account_check(cluster, namespace, str(account)))
    return checks


def cluster_check(cluster: Cluster) -> Check:
    """Whether the cluster answers; what is asked of it needs this check."""
    return Check(_name(cluster), cluster.reach, cluster.needs)


def namespace_checks(cluster: Cluster, namespace: str, role: str, asked: Asked) -> list[Check]:
    """Whether there is a namespace, and the rights in it that `role` would bring."""
    name = f"namespace {namespace}"
    return [
        Check(name, lambda: _namespace(cluster, namespace), (_name(cluster),)),
        Check(
            f"rights in {name}",
            lambda: _rights(cluster, namespace, role, asked),
            (_name(cluster), name),
        ),
    ]


def on_cluster(cluster: Cluster, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The cluster's answer to a request; raises ApiError for a refusal."""
    # its client is in the gcp environment only
    from stacks.checks.cluster import ask

    return ask(cluster.client, method, path, body)


def _name(cluster: Cluster) -> str:
    return f"cluster {cluster.name}"


def _namespace(cluster: Cluster, namespace: str) -> Finding:
    try:
        found = on_cluster(cluster, "GET", f"/api/v1/namespaces/{namespace}")
    except ApiError as error:
        if error.status == MISSING:
            return fails("it does not exist", f"{cluster.kubectl} create namespace {namespace}")
        if error.status == FORBIDDEN:
            # nor need a component look at it: its rights there say more
            return holds("there is no right to look at it")
        raise
    phase = found["status"]["phase"]
    return holds(phase) if phase == "Active" else fails(f"it is {phase}: wait until it is gone")


def _account_check(cluster: Cluster, namespace: str, account: str) -> Check:
    def look() -> Finding:
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}"
        try:
            on_cluster(cluster, "GET", path)
        except ApiError as error:
            if error.status == MISSING:
                return fails(
                    "it does not exist",
                    f"{cluster.kubectl} create serviceaccount {account} --namespace={namespace}",
                )
            raise
        return holds(f"in {namespace}")

    return Check(f"account {account}", look, (_name(cluster), f"namespace {namespace}"))


def _rights(cluster: Cluster, namespace: str, role: str, asked: Asked) -> Finding:
    lacking = [
        f"{verb} {resource}"
        for resource, group, verbs in asked
        for verb in verbs
        if not _may(cluster, namespace, verb, resource, group)
    ]
    user = _user(cluster)
    if lacking:
        mend = _role(cluster, namespace, role, asked, user)
        return fails(f"{user} may not {', '.join(lacking)}", mend)
    return holds(f"{user} has all")


def _may(cluster: Cluster, namespace: str, verb: str, resource: str, group: str) -> bool:
    name, _, part = resource.partition("/")
    wanted = {"namespace": namespace, "verb": verb, "group": group, "resource": name}
    if part:
        wanted["subresource"] = part
    return bool(_review(cluster, "authorization", "SelfSubjectAccessReview", wanted)["allowed"])


def _user(cluster: Cluster) -> str:
    """Who the cluster takes this client for; it says so from Kubernetes 1.28 on."""
    try:
        status = _review(cluster, "authentication", "SelfSubjectReview", None)
    except ApiError:
        return "ACCOUNT"
    return str(status["userInfo"]["username"])


def _review(
    cluster: Cluster, group: str, kind: str, attributes: dict[str, str] | None
) -> dict[str, Any]:
    version = f"{group}.k8s.io/v1"
    body: dict[str, Any] = {"apiVersion": version, "kind": kind}
    if attributes is not None:
        body["spec"] = {"resourceAttributes": attributes}
    reviewed = on_cluster(cluster, "POST", f"/apis/{version}/{kind.lower()}s", body)
    status: dict[str, Any] = reviewed["status"]
    return status


def _role(cluster: Cluster, namespace: str, role: str, asked: Asked, user: str) -> str:
    """The commands that give the user these rights: a role for each resource."""
    kubectl, plain = cluster.kubectl, cluster.kubectl.rsplit(" && ", maxsplit=1)[-1]
    commands = []
    for resource, group, verbs in asked:
        name = f"{role}-{resource.replace('/', '-')}"
        full = f"{resource}.{group}" if group else resource
        commands += [
            f"create role {name} --namespace={namespace} --verb={','.join(verbs)} "
            f"--resource={full}",
            f"create rolebinding {name} --namespace={namespace} --role={name} --user={user}",
        ]
    first, *others = commands
    return " && ".join([f"{kubectl} {first}", *(f"{plain} {command}" for command in others)])
