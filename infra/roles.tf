# What each may do: on a bucket, a folder or the registry where that is possible, else in the
# project. tests/infra/policy.py has the reason for each role.
locals {
  project_roles = merge(
    {
      for pair in setproduct(keys(local.submitters), [
        "roles/aiplatform.user",
        "roles/cloudbuild.builds.editor",
        "roles/compute.viewer",
        "roles/container.clusterViewer",
        "roles/serviceusage.serviceUsageConsumer",
      ]) : "submitter ${pair[0]} ${pair[1]}" => { member = local.submitters[pair[0]], role = pair[1] }
    },
    {
      for role in [
        "roles/aiplatform.user",
        "roles/container.clusterViewer",
        "roles/logging.logWriter",
      ] : "pipelines ${role}" => { member = local.member.pipelines, role = role }
    },
    {
      for name, member in local.builders :
      "builder ${name}" => { member = member, role = "roles/logging.logWriter" }
    },
    { nodes = { member = local.member.nodes, role = "roles/container.defaultNodeServiceAccount" } },
  )

  bucket_looker = google_project_iam_custom_role.bucket_looker.name

  artifact_roles = merge(
    {
      for name, member in merge(local.submitters, { pipelines = local.member.pipelines }) :
      "objects ${name}" => { member = member, role = "roles/storage.objectUser" }
    },
    {
      for name, member in local.builders :
      "objects ${name}" => { member = member, role = "roles/storage.objectViewer" }
    },
    {
      for name, member in merge(local.submitters, {
        for account in ["pipelines", "serving", "reports"] : account => local.member[account]
      }) : "bucket ${name}" => { member = member, role = local.bucket_looker }
    },
  )

  data_roles = {
    for name, member in merge(local.submitters, { pipelines = local.member.pipelines }) :
    name => member
  }

  folder_roles = {
    bundles     = { member = local.member.serving, role = "roles/storage.objectViewer" }
    predictions = { member = local.member.serving, role = "roles/storage.objectCreator" }
    evidently   = { member = local.member.reports, role = "roles/storage.objectViewer" }
  }

  registry_roles = merge(
    {
      for account in ["pipelines", "nodes"] :
      account => { member = local.member[account], role = "roles/artifactregistry.reader" }
    },
    {
      for name, member in merge(local.submitters, local.builders) :
      name => { member = member, role = "roles/artifactregistry.writer" }
    },
  )
}

resource "google_project_iam_member" "adclick" {
  for_each = local.project_roles

  project = var.project
  role    = each.value.role
  member  = each.value.member
}

resource "google_storage_bucket_iam_member" "artifacts" {
  for_each = local.artifact_roles

  bucket = google_storage_bucket.artifacts.name
  role   = each.value.role
  member = each.value.member
}

resource "google_storage_bucket_iam_member" "data" {
  for_each = local.data_roles

  bucket = google_storage_bucket.data.name
  role   = "roles/storage.objectViewer"
  member = each.value
}

resource "google_storage_bucket_iam_member" "data_bucket" {
  for_each = local.data_roles

  bucket = google_storage_bucket.data.name
  role   = local.bucket_looker
  member = each.value
}

resource "google_storage_managed_folder_iam_member" "artifacts" {
  for_each = local.folder_roles

  bucket         = google_storage_bucket.artifacts.name
  managed_folder = google_storage_managed_folder.artifacts[each.key].name
  role           = each.value.role
  member         = each.value.member
}

resource "google_artifact_registry_repository_iam_member" "images" {
  for_each = local.registry_roles

  location   = google_artifact_registry_repository.images.location
  repository = google_artifact_registry_repository.images.name
  role       = each.value.role
  member     = each.value.member
}
