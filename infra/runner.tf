# The kubernetes stack: ZenML's orchestrator on the same cluster, in a namespace of its own. Its pods
# are `pipelines`, as Vertex AI's jobs are. Off by default.
locals {
  runner          = toset(var.pipelines_on_cluster ? ["runner"] : [])
  runner_account  = "adclick-pipelines"
  runner_accounts = { for name in local.runner : name => "${local.runner_account}/${local.runner_account}" }
}

resource "kubernetes_namespace_v1" "runner" {
  for_each = local.runner

  metadata {
    name = local.runner_account
  }

  depends_on = [google_container_node_pool.serving]
}

resource "kubernetes_service_account_v1" "runner" {
  for_each = local.runner

  metadata {
    name        = local.runner_account
    namespace   = kubernetes_namespace_v1.runner[each.key].metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = google_service_account.adclick["pipelines"].email }
  }
}

resource "google_service_account_iam_member" "runner" {
  for_each = local.runner_accounts

  service_account_id = google_service_account.adclick["pipelines"].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${google_container_cluster.adclick.workload_identity_config[0].workload_pool}[${each.value}]"
}

resource "kubernetes_role_v1" "runner" {
  for_each = local.runner

  metadata {
    name      = "adclick-runner"
    namespace = kubernetes_namespace_v1.runner[each.key].metadata[0].name
  }

  rule {
    api_groups = ["batch"]
    resources  = ["jobs"]
    verbs      = ["create", "delete", "get", "list", "patch"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods"]
    verbs      = ["create", "get", "list"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods/log"]
    verbs      = ["get"]
  }

  rule {
    api_groups = [""]
    resources  = ["secrets"]
    verbs      = ["create", "delete", "patch"]
  }

  # `run.py --check` looks whether they are there
  rule {
    api_groups = [""]
    resources  = ["namespaces", "serviceaccounts"]
    verbs      = ["get"]
  }
}

# Who starts runs, and the pod that then starts the steps.
resource "kubernetes_role_binding_v1" "runner" {
  for_each = local.runner

  metadata {
    name      = "adclick-runner"
    namespace = kubernetes_role_v1.runner[each.key].metadata[0].namespace
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.runner[each.key].metadata[0].name
  }

  subject {
    kind      = "ServiceAccount"
    name      = kubernetes_service_account_v1.runner[each.key].metadata[0].name
    namespace = kubernetes_namespace_v1.runner[each.key].metadata[0].name
  }

  dynamic "subject" {
    for_each = [google_service_account.adclick["zenml"].email, google_service_account.adclick["zenml"].unique_id]
    content {
      api_group = "rbac.authorization.k8s.io"
      kind      = "User"
      name      = subject.value
    }
  }
}
