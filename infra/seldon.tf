# Istio and Seldon Core, the gateway's address, and the namespace that models serve in.
#
# seldon-core is under the Business Source License 1.1 since 1.18: production use needs a licence
# from Seldon. 1.19 is the first that supports Kubernetes after 1.27.
locals {
  istio_charts        = "https://istio-release.storage.googleapis.com/charts"
  istiod_webhook_port = 15017
  seldon_webhook_port = 4443
  serving_account     = "adclick-serving"
  gateway_internal    = length(var.gateway_allowed_ranges) == 0
}

resource "kubernetes_namespace_v1" "adclick" {
  for_each = toset(["istio-system", "seldon-system", local.zenml_namespace, var.namespace])

  metadata {
    name = each.value
  }

  depends_on = [google_container_node_pool.serving]
}

resource "google_compute_address" "gateway" {
  name         = "adclick-gateway"
  address_type = local.gateway_internal ? "INTERNAL" : "EXTERNAL"
  subnetwork   = local.gateway_internal ? google_compute_subnetwork.nodes.id : null
}

resource "helm_release" "istio_base" {
  name       = "istio-base"
  namespace  = kubernetes_namespace_v1.adclick["istio-system"].metadata[0].name
  repository = local.istio_charts
  chart      = "base"
  version    = var.istio_version
}

resource "helm_release" "istiod" {
  name       = "istiod"
  namespace  = helm_release.istio_base.namespace
  repository = local.istio_charts
  chart      = "istiod"
  version    = var.istio_version
  depends_on = [google_compute_firewall.webhooks]
}

# the release's name becomes the label istio=ingressgateway, by which the Gateway finds the pods
resource "helm_release" "gateway" {
  name       = "istio-ingressgateway"
  namespace  = helm_release.istiod.namespace
  repository = local.istio_charts
  chart      = "gateway"
  version    = var.istio_version

  values = [yamlencode({
    service = {
      loadBalancerIP           = google_compute_address.gateway.address
      loadBalancerSourceRanges = var.gateway_allowed_ranges
      annotations              = local.gateway_internal ? { "networking.gke.io/load-balancer-type" = "Internal" } : {}
    }
    autoscaling = { minReplicas = 2, maxReplicas = 5 }
  })]
}

resource "helm_release" "seldon_gateway" {
  name      = "seldon-gateway"
  namespace = helm_release.gateway.namespace
  chart     = "${path.module}/charts/seldon-gateway"
}

resource "helm_release" "seldon" {
  name       = "seldon-core"
  namespace  = kubernetes_namespace_v1.adclick["seldon-system"].metadata[0].name
  repository = "https://storage.googleapis.com/seldon-charts"
  chart      = "seldon-core-operator"
  version    = var.seldon_version

  values = [yamlencode({
    ambassador   = { enabled = false }
    istio        = { enabled = true, gateway = "istio-system/${helm_release.seldon_gateway.name}" }
    usageMetrics = { enabled = false }
    webhook      = { port = local.seldon_webhook_port }
  })]

  depends_on = [google_compute_firewall.webhooks]
}

# SELDON_SERVICE_ACCOUNT
resource "kubernetes_service_account_v1" "serving" {
  metadata {
    name        = local.serving_account
    namespace   = kubernetes_namespace_v1.adclick[var.namespace].metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = google_service_account.adclick["serving"].email }
  }
  automount_service_account_token = false
}
