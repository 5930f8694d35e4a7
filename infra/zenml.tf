# ZENML_STORE_URL: the ZenML server by its own chart, behind Google's load balancer with a managed
# certificate; its database and secrets are in database.tf.
locals {
  zenml_namespace = "zenml"
  # the name that the chart gives its Kubernetes service account
  zenml_account = "zenml"
  zenml_url     = "https://${var.zenml_host}"
}

resource "helm_release" "zenml" {
  name       = "zenml"
  namespace  = kubernetes_namespace_v1.adclick[local.zenml_namespace].metadata[0].name
  repository = "oci://public.ecr.aws/zenml"
  chart      = "zenml"
  version    = var.zenml_version
  timeout    = 900

  values = concat([yamlencode({
    zenml = {
      serverURL      = local.zenml_url
      deploymentType = "gcp"
      debug          = false
      analyticsOptIn = false
      # the service connector of stacks/gcp.yaml acts as the server's own account
      enableImplicitAuthMethods = true
      ingress                   = { enabled = false }
    }
    serviceAccount = {
      name        = local.zenml_account
      annotations = { "iam.gke.io/gcp-service-account" = google_service_account.adclick["zenml"].email }
    }
    resources = {
      requests = { cpu = "500m", memory = "1Gi" }
      limits   = { memory = "2Gi" }
    }
    })], [
    for database in google_sql_database.zenml : yamlencode({
      zenml = {
        database = {
          url               = "mysql://${google_sql_user.zenml[0].name}@${google_sql_database_instance.zenml[0].private_ip_address}:3306/${database.name}"
          ssl               = true
          passwordSecretRef = { name = kubernetes_secret_v1.zenml_database.metadata[0].name, key = "password" }
        }
      }
    })
  ])

  # written, never kept in the state
  set_wo = [{
    name  = "zenml.secretsStore.sql.encryptionKey"
    value = ephemeral.google_secret_manager_secret_version.zenml["encryption-key"].secret_data
  }]
  set_wo_revision = var.secrets_revision
}

resource "google_compute_global_address" "zenml" {
  name       = "adclick-zenml"
  depends_on = [google_project_service.used]
}

resource "google_dns_record_set" "zenml" {
  count = var.dns_zone == null ? 0 : 1

  managed_zone = var.dns_zone
  name         = "${var.zenml_host}."
  type         = "A"
  ttl          = 300
  rrdatas      = [google_compute_global_address.zenml.address]
}

resource "google_compute_managed_ssl_certificate" "zenml" {
  name = "adclick-zenml"

  managed {
    domains = [var.zenml_host]
  }

  depends_on = [google_project_service.used]
}

# GKE's own ingress takes its class from the annotation, which the chart's ingress leaves empty.
resource "kubernetes_ingress_v1" "zenml" {
  metadata {
    name      = "zenml"
    namespace = helm_release.zenml.namespace
    annotations = {
      "kubernetes.io/ingress.class"                 = "gce"
      "kubernetes.io/ingress.allow-http"            = "false"
      "kubernetes.io/ingress.global-static-ip-name" = google_compute_global_address.zenml.name
      "ingress.gcp.kubernetes.io/pre-shared-cert"   = google_compute_managed_ssl_certificate.zenml.name
    }
  }

  spec {
    rule {
      host = var.zenml_host
      http {
        path {
          path      = "/"
          path_type = "Prefix"
          backend {
            service {
              name = helm_release.zenml.name
              port {
                number = 80
              }
            }
          }
        }
      }
    }
  }
}
