"""The Kubernetes API: the few requests that a deployment makes, and what their refusals mean."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.config import ConfigException, new_client_from_config

from adclick.errors import AdclickError
from serving.kubernetes.manifest import API_VERSION, KIND, Manifest

FIELD_MANAGER = "adclick"
REQUEST_SECONDS = 10
RETRY_SECONDS = 0.5
PLURALS = {
    KIND: "seldondeployments",
    "RequestAuthentication": "requestauthentications",
    "AuthorizationPolicy": "authorizationpolicies",
}

Resource = dict[str, Any]


def connect(context: str | None = None) -> ApiClient:
    """A client for a context of the file $KUBECONFIG or ~/.kube/config; else for its current one.

    Raises AdclickError when there is no such context.
    """
    configuration = Configuration()
    # requests are repeated here, where it is known which may be
    configuration.retries = False
    try:
        # the client itself reads the variable once, when it is imported
        return new_client_from_config(
            config_file=os.environ.get("KUBECONFIG"),
            context=context,
            client_configuration=configuration,
        )
    except ConfigException as error:
        raise AdclickError(
            f"no Kubernetes context {context or '(the current one)'}: {error}; see `kubectl config "
            "get-contexts`, or set KUBECONFIG"
        ) from error


class KubernetesApi:
    """SeldonDeployments, pods and events of a namespace, as the dictionaries of their JSON.

    The official client does the credentials and the transport. What a busy or restarting API server
    refuses is asked again for `patience` seconds: each request may be repeated. Then, and for what
    will not get better, methods raise AdclickError with the server's own words.
    """

    def __init__(self, client: ApiClient, namespace: str, patience: float = 60.0) -> None:
        self._client = client
        self._namespace = namespace
        self._patience = patience
        self._seldon = f"/apis/{API_VERSION}/namespaces/{namespace}/seldondeployments"
        self._core = f"/api/v1/namespaces/{namespace}"

    def get(self, name: str) -> Resource | None:
        """The SeldonDeployment of this name, if there is one."""
        return self._request("GET", f"{self._seldon}/{name}", missing_is_none=True)

    def apply(self, manifest: Manifest, *, force: bool = False) -> Resource:
        """Make or change a resource; returns it as the server keeps it.

        Server-side apply: fields that were set before and are no more go, and with strict field
        validation an unknown one is an error rather than dropped. With `force` fields are taken
        over from whoever else set them.
        """
        query = {
            "fieldManager": FIELD_MANAGER,
            "fieldValidation": "Strict",
            "force": str(force).lower(),
        }
        applied = self._request("PATCH", _path(manifest), query, manifest)
        assert applied is not None
        return applied

    def delete(self, name: str) -> None:
        """Delete a SeldonDeployment; it is gone from `get` once all that was made of it is."""
        self._delete(f"{self._seldon}/{name}")

    def remove(self, manifest: Manifest) -> None:
        """Delete the resource of this kind, name and namespace, if there is one, whatever it is."""
        self._delete(_path(manifest))

    def pods(self, labels: dict[str, str]) -> list[Resource]:
        """The pods that carry these labels, less those on their way out."""
        selector = ",".join(f"{key}={value}" for key, value in labels.items())
        found = self._list("pods", {"labelSelector": selector})
        return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]

    def ask_pod(self, pod: str, port: int, path: str, body: Resource | None = None) -> Any:
        """What a pod of the namespace answers over HTTP, asked through the API's proxy.

        JSON as what it says, anything else as text. With a `body` it is posted. Asked once: raises
        AdclickError when there is no good answer.
        """
        address = f"{self._core}/pods/{pod}:{port}/proxy{path}"
        try:
            return self._send("POST" if body else "GET", address, {}, body)
        except ApiException as error:
            if error.status in (401, 403):
                raise _refusal(error, address) from error
            raise AdclickError(f"pod {pod} answered {error.status}: {_message(error)}") from error
        except urllib3.exceptions.HTTPError as error:
            raise AdclickError(f"pod {pod} does not answer ({type(error).__name__})") from error

    def warnings(self) -> list[Resource]:
        """The namespace's recent events that are warnings."""
        return self._list("events", {"fieldSelector": "type=Warning"})

    def _delete(self, path: str) -> None:
        body = {"propagationPolicy": "Foreground"}
        self._request("DELETE", path, body=body, missing_is_none=True)

    def _list(self, kind: str, query: dict[str, str]) -> list[Resource]:
        found = self._request("GET", f"{self._core}/{kind}", query)
        return list(found["items"]) if found else []

    def _request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        body: Resource | None = None,
        *,
        missing_is_none: bool = False,
    ) -> Resource | None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                answer: Resource = self._send(method, path, query or {}, body)
                return answer
            except ApiException as error:
                if error.status == HTTPStatus.NOT_FOUND and missing_is_none:
                    return None
                if not _passing(error):
                    raise _refusal(error, path) from error
                problem = f"answered {error.status} ({_message(error)})"
            except urllib3.exceptions.HTTPError as error:
                problem = f"does not answer ({type(error).__name__})"
            if time.monotonic() > deadline:
                raise AdclickError(
                    f"the Kubernetes API {self._client.configuration.host} {problem} for "
                    f"{self._patience:g} s: is the cluster running and reachable from here?"
                )
            time.sleep(RETRY_SECONDS)

    def _send(self, method: str, path: str, query: dict[str, str], body: Resource | None) -> Any:
        content = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        return self._client.call_api(
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json", "Content-Type": content},
            body=body,
            response_type="object",
            auth_settings=["BearerToken"],
            _return_http_data_only=True,
            _request_timeout=REQUEST_SECONDS,
        )


def _path(manifest: Manifest) -> str:
    kind, metadata = manifest["kind"], manifest["metadata"]
    where = f"/apis/{manifest['apiVersion']}/namespaces/{metadata['namespace']}"
    return f"{where}/{PLURALS[kind]}/{metadata['name']}"


def _refusal(error: ApiException, path: str) -> AdclickError:
    namespace = path.split("/namespaces/")[1].split("/", maxsplit=1)[0]
    kind = next((kind for kind, plural in PLURALS.items() if plural in path.split("/")), KIND)
    message = _message(error)
    match error.status:
        case 401 | 403:
            todo = f"give this account the rights to {namespace}, or use another"
        case 404:
            needed = "Seldon Core" if kind == KIND else "Istio"
            todo = f"is there a namespace {namespace}, and {needed} on the cluster?"
        case 409:
            todo = f"undo that change, or let its maker delete the {kind}"
        case _:
            todo = f"the {kind} is not as the cluster wants it"
    return AdclickError(f"the Kubernetes API refused ({error.status}): {message}; {todo}")


def _passing(error: ApiException) -> bool:
    """Whether the same request may succeed a little later."""
    code: int = error.status
    if code == 409:
        causes: Sequence[Resource] = (_body(error).get("details") or {}).get("causes") or ()
        return not any(cause.get("reason") == "FieldManagerConflict" for cause in causes)
    return code == 429 or 500 <= code < 600


def _message(error: ApiException) -> str:
    text = str(_body(error).get("message") or error.reason)
    return " ".join(text.split())


def _body(error: ApiException) -> Resource:
    try:
        body = json.loads(error.body or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
