# Who is who. No account has a key: Vertex AI and Cloud Build run as theirs, pods get theirs by
# workload identity, people use their own.
locals {
  accounts = {
    pipelines = "Vertex AI runs pipeline steps as this account"
    serving   = "Model servers: read bundles, write predictions"
    zenml     = "ZenML server, and what it does for those who have an API key of it"
    build     = "Cloud Build of images"
    nodes     = "GKE nodes: logs, metrics, images"
    reports   = "Evidently's dashboard: reads reports"
  }

  member = { for name, account in google_service_account.adclick : name => account.member }

  # who may start runs: the ZenML server on behalf of its users, and a group of people
  submitters = merge(
    { zenml = local.member.zenml },
    var.submitters_group == null ? {} : { group = "group:${var.submitters_group}" },
  )

  # ZenML's image builder cannot name an account: Cloud Build then takes the project's default one
  builders = {
    build   = local.member.build
    default = "serviceAccount:${data.google_project.current.number}-compute@developer.gserviceaccount.com"
  }
}

resource "google_service_account" "adclick" {
  for_each = local.accounts

  account_id  = "adclick-${each.key}"
  description = each.value
  depends_on  = [google_project_service.used]
}

# gcsfs asks for the bucket itself before it writes below it, and no role has this right alone.
resource "google_project_iam_custom_role" "bucket_looker" {
  role_id     = "adclickBucketLooker"
  title       = "adclick bucket looker"
  description = "Sees that a bucket is there, not what is in it"
  permissions = ["storage.buckets.get"]
}

# Kubernetes service accounts that stand for ours: namespace/name.
resource "google_service_account_iam_member" "workload_identity" {
  for_each = {
    serving = "${var.namespace}/${local.serving_account}"
    zenml   = "${local.zenml_namespace}/${local.zenml_account}"
    reports = "${var.namespace}/${local.reports_account}"
  }

  service_account_id = google_service_account.adclick[each.key].name
  role               = "roles/iam.workloadIdentityUser"
  member             = "serviceAccount:${google_container_cluster.adclick.workload_identity_config[0].workload_pool}[${each.value}]"
}

# Submitters, and the pipelines that start training jobs of their own, run jobs as `pipelines`.
resource "google_service_account_iam_member" "act_as_pipelines" {
  for_each = merge(local.submitters, { pipelines = local.member.pipelines })

  service_account_id = google_service_account.adclick["pipelines"].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_service_account_iam_member" "act_as_build" {
  for_each = local.submitters

  service_account_id = google_service_account.adclick["build"].name
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}

resource "google_service_account_iam_member" "act_as_default_build" {
  for_each = local.submitters

  service_account_id = "projects/${var.project}/serviceAccounts/${data.google_project.current.number}-compute@developer.gserviceaccount.com"
  role               = "roles/iam.serviceAccountUser"
  member             = each.value
}
