# ADCLICK_REGISTRY: images of steps and of servers. What runs is named by digest, and a digest stays
# as long as one of the ten newest versions of its image, or as it has a tag that says to keep it.
resource "google_artifact_registry_repository" "images" {
  repository_id = "adclick"
  location      = var.region
  format        = "DOCKER"
  description   = "Images of pipeline steps and of model servers"

  cleanup_policies {
    id     = "delete-old"
    action = "DELETE"
    condition {
      tag_state  = "ANY"
      older_than = "${var.image_days * 24 * 60 * 60}s"
    }
  }

  cleanup_policies {
    id     = "keep-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "keep-marked"
    action = "KEEP"
    condition {
      tag_state    = "TAGGED"
      tag_prefixes = ["keep"]
    }
  }

  depends_on = [google_project_service.used]
}

locals {
  registry = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.repository_id}"
}
