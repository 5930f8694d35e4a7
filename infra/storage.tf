locals {
  # what the serving pods and the report server may see of the bucket, by prefix
  folders = toset(["bundles", "evidently", "predictions"])
}

# ADCLICK_BUCKET: artifacts with ad logs, bundles, predictions, reports; build contexts of images.
resource "google_storage_bucket" "artifacts" {
  name                        = "${var.project}-adclick"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  # objects are written once under names of their own, so that versions would keep nothing more
  versioning {
    enabled = false
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = var.prediction_days
      matches_prefix = ["predictions/"]
    }
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 7
      matches_prefix = ["artifacts/cloud-build-contexts/", "build/"]
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 7
    }
  }

  depends_on = [google_project_service.used]
}

# What comes in: ad logs and images, month by month. A file that is replaced can be had back.
resource "google_storage_bucket" "data" {
  name                        = "${var.project}-adclick-data"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = !var.deletion_protection

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = var.soft_delete_days * 24 * 60 * 60
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 90
      with_state                 = "ARCHIVED"
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_storage_managed_folder" "artifacts" {
  for_each = local.folders

  bucket        = google_storage_bucket.artifacts.name
  name          = "${each.value}/"
  force_destroy = !var.deletion_protection
}
