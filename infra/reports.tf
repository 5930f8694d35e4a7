# Evidently's dashboard over the reports in the bucket, mounted read-only. Off until an image with
# evidently is named, such as the one of the steps. It asks nobody who they are, so that it has no
# address outside the cluster: `kubectl port-forward` leads to it.
locals {
  reports_account = "adclick-reports"
  reports_port    = 8000
}

resource "kubernetes_service_account_v1" "reports" {
  count = var.evidently_image == null ? 0 : 1

  metadata {
    name        = local.reports_account
    namespace   = kubernetes_namespace_v1.adclick[var.namespace].metadata[0].name
    annotations = { "iam.gke.io/gcp-service-account" = google_service_account.adclick["reports"].email }
  }
}

resource "kubernetes_deployment_v1" "reports" {
  count = length(kubernetes_service_account_v1.reports)

  metadata {
    name      = "evidently"
    namespace = kubernetes_service_account_v1.reports[0].metadata[0].namespace
  }

  spec {
    selector {
      match_labels = { app = "evidently" }
    }

    template {
      metadata {
        labels      = { app = "evidently" }
        annotations = { "gke-gcsfuse/volumes" = "true" }
      }

      spec {
        service_account_name = kubernetes_service_account_v1.reports[0].metadata[0].name

        container {
          name    = "evidently"
          image   = var.evidently_image
          command = ["evidently", "ui", "--workspace", "/workspace", "--host", "0.0.0.0", "--port", local.reports_port]

          env {
            name  = "DO_NOT_TRACK"
            value = "1"
          }

          port {
            container_port = local.reports_port
          }

          readiness_probe {
            http_get {
              path = "/api/projects"
              port = local.reports_port
            }
          }

          resources {
            requests = { cpu = "100m", memory = "512Mi" }
            limits   = { memory = "1Gi" }
          }

          security_context {
            run_as_non_root            = true
            run_as_user                = 10001
            allow_privilege_escalation = false
          }

          volume_mount {
            name       = "reports"
            mount_path = "/workspace"
            read_only  = true
          }
        }

        volume {
          name = "reports"
          csi {
            driver    = "gcsfuse.csi.storage.gke.io"
            read_only = true
            volume_attributes = {
              bucketName   = google_storage_bucket.artifacts.name
              mountOptions = "only-dir=evidently,implicit-dirs"
            }
          }
        }
      }
    }
  }

  depends_on = [google_storage_managed_folder_iam_member.artifacts, google_service_account_iam_member.workload_identity]
}
