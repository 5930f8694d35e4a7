# What the deployer may do on the cluster: these verbs, in the serving namespace, and nothing else.
# serving/kubernetes/api.py has the requests that it makes.
resource "kubernetes_role_v1" "deployer" {
  metadata {
    name      = "adclick-deployer"
    namespace = kubernetes_namespace_v1.adclick[var.namespace].metadata[0].name
  }

  rule {
    api_groups = ["machinelearning.seldon.io"]
    resources  = ["seldondeployments"]
    verbs      = ["get", "list", "create", "patch", "delete"]
  }

  rule {
    api_groups = [""]
    resources  = ["pods", "events"]
    verbs      = ["get", "list"]
  }

  # golden requests to one version's pods, and their metrics
  rule {
    api_groups = [""]
    resources  = ["pods/proxy"]
    verbs      = ["get", "create"]
  }

  # `run.py --check` looks whether they are there
  rule {
    api_groups = [""]
    resources  = ["namespaces", "serviceaccounts"]
    verbs      = ["get"]
  }
}

# GKE knows an account by its address or by its number, after the scopes of its token.
resource "kubernetes_role_binding_v1" "deployer" {
  metadata {
    name      = "adclick-deployer"
    namespace = kubernetes_role_v1.deployer.metadata[0].namespace
  }

  role_ref {
    api_group = "rbac.authorization.k8s.io"
    kind      = "Role"
    name      = kubernetes_role_v1.deployer.metadata[0].name
  }

  dynamic "subject" {
    for_each = flatten([
      for name in ["pipelines", "zenml"] : [
        google_service_account.adclick[name].email,
        google_service_account.adclick[name].unique_id,
      ]
    ])
    content {
      api_group = "rbac.authorization.k8s.io"
      kind      = "User"
      name      = subject.value
    }
  }
}
