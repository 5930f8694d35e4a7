# The APIs that the project uses. They stay enabled when the rest is torn down: others may use them.
resource "google_project_service" "used" {
  for_each = toset([
    "aiplatform.googleapis.com",
    "artifactregistry.googleapis.com",
    "billingbudgets.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "dns.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "monitoring.googleapis.com",
    "policytroubleshooter.googleapis.com",
    "secretmanager.googleapis.com",
    "servicenetworking.googleapis.com",
    "serviceusage.googleapis.com",
    "sqladmin.googleapis.com",
    "storage.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

# Vertex AI's own agent, which would else be made at the first job, and be too late for it.
resource "google_project_service_identity" "vertex" {
  provider = google-beta

  service = google_project_service.used["aiplatform.googleapis.com"].service
}

# The accounts that Compute Engine and App Engine come with are editors of the whole project.
resource "google_project_default_service_accounts" "deprivileged" {
  count = var.deprivilege_default_accounts ? 1 : 0

  project    = var.project
  action     = "DEPRIVILEGE"
  depends_on = [google_project_service.used]
}
