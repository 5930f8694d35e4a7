"""Checks of the service account that steps run as: there, ours to use, and with its rights."""

from __future__ import annotations

from collections.abc import Sequence

from stacks.checks.bucket import PERMISSIONS
from stacks.checks.check import Check, Finding, Status, fails, holds
from stacks.checks.google import CREDENTIALS, Google
from stacks.checks.web import ApiError

IAM = "iam.googleapis.com"
TROUBLESHOOTER = "policytroubleshooter.googleapis.com"
APIS = (IAM, TROUBLESHOOTER)
ACT_AS = "iam.serviceAccounts.actAs"
ACCOUNT = "pipeline account"
MISSING = 404


def account_checks(google: Google, account: str, bucket: str) -> Sequence[Check]:
    """Whether steps can run as the account, and work on the bucket as it."""
    checks = [Check(ACCOUNT, lambda: _account(google, account), (CREDENTIALS,))]
    if bucket:
        rights = Check(
            f"rights of {ACCOUNT}", lambda: _rights(google, account, bucket), (CREDENTIALS, ACCOUNT)
        )
        checks.append(rights)
    return checks


def _account(google: Google, account: str) -> Finding:
    path = f"https://{IAM}/v1/projects/-/serviceAccounts/{account}"
    try:
        held = google.post(f"{path}:testIamPermissions", {"permissions": [ACT_AS]})
        if ACT_AS not in held.get("permissions", ()):
            return fails(
                f"{google.account} may not run steps as {account}",
                f"gcloud iam service-accounts add-iam-policy-binding {account} "
                f"--member={google.member} --role=roles/iam.serviceAccountUser",
            )
        kept = google.get(path)
    except ApiError as error:
        if error.status == MISSING:
            return fails(
                f"there is no {account}",
                f"gcloud iam service-accounts create {account.partition('@')[0]} "
                f"--project={google.project}",
            )
        return google.refused(error, "roles/iam.serviceAccountUser")
    if kept.get("disabled"):
        return fails(f"{account} is disabled", f"gcloud iam service-accounts enable {account}")
    return holds(account)


def _rights(google: Google, account: str, bucket: str) -> Finding:
    """Asked of the policies: who checks can't act as the account."""
    access = {
        permission: _access(google, account, bucket, permission) for permission in PERMISSIONS
    }
    lacking = [permission for permission, state in access.items() if state == "NOT_GRANTED"]
    if lacking:
        return fails(
            f"{account} lacks {', '.join(lacking)} to gs://{bucket}",
            f"gcloud storage buckets add-iam-policy-binding gs://{bucket} "
            f"--member=serviceAccount:{account} --role=roles/storage.objectUser",
        )
    if "UNKNOWN_INFO_DENIED" in access.values():
        return Finding(
            Status.NOT_CHECKED,
            f"{google.account} may not see all policies",
            google.grant("roles/iam.securityReviewer"),
        )
    return holds(f"read, write, list and delete in gs://{bucket}")


def _access(google: Google, account: str, bucket: str, permission: str) -> str:
    wanted = {
        "principal": account,
        "fullResourceName": f"//storage.googleapis.com/projects/_/buckets/{bucket}",
        "permission": permission,
    }
    url = f"https://{TROUBLESHOOTER}/v1/iam:troubleshoot"
    return str(google.post(url, {"accessTuple": wanted})["access"])
