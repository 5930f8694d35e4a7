# ZenML's database, without a public address, and its two secrets. They are made here, kept in
# Secret Manager, and pass through Terraform without being written to its state.
locals {
  zenml_secrets = toset(["database-password", "encryption-key"])
}

ephemeral "random_password" "zenml" {
  for_each = local.zenml_secrets

  length  = 48
  special = false
}

resource "google_secret_manager_secret" "zenml" {
  for_each = local.zenml_secrets

  secret_id           = "adclick-zenml-${each.value}"
  deletion_protection = var.deletion_protection

  replication {
    user_managed {
      replicas {
        location = var.region
      }
    }
  }

  depends_on = [google_project_service.used]
}

resource "google_secret_manager_secret_version" "zenml" {
  for_each = local.zenml_secrets

  secret                 = google_secret_manager_secret.zenml[each.value].id
  secret_data_wo         = ephemeral.random_password.zenml[each.value].result
  secret_data_wo_version = var.secrets_revision
}

ephemeral "google_secret_manager_secret_version" "zenml" {
  for_each = local.zenml_secrets

  secret  = google_secret_manager_secret_version.zenml[each.value].secret
  version = google_secret_manager_secret_version.zenml[each.value].version
}

resource "google_sql_database_instance" "zenml" {
  count = var.zenml_database_tier == null ? 0 : 1

  name                = "adclick-zenml"
  region              = var.region
  database_version    = "MYSQL_8_0"
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.zenml_database_tier
    edition                     = "ENTERPRISE"
    availability_type           = "ZONAL"
    deletion_protection_enabled = var.deletion_protection

    ip_configuration {
      ipv4_enabled    = false
      private_network = google_compute_network.adclick.id
      ssl_mode        = "ENCRYPTED_ONLY"
    }

    backup_configuration {
      enabled            = true
      binary_log_enabled = true
    }
  }

  depends_on = [google_service_networking_connection.services]
}

resource "google_sql_database" "zenml" {
  count = length(google_sql_database_instance.zenml)

  name     = "zenml"
  instance = google_sql_database_instance.zenml[0].name
}

resource "google_sql_user" "zenml" {
  count = length(google_sql_database_instance.zenml)

  name                = "zenml"
  instance            = google_sql_database_instance.zenml[0].name
  password_wo         = ephemeral.google_secret_manager_secret_version.zenml["database-password"].secret_data
  password_wo_version = var.secrets_revision
}

resource "kubernetes_secret_v1" "zenml_database" {
  metadata {
    name      = "zenml-database"
    namespace = kubernetes_namespace_v1.adclick[local.zenml_namespace].metadata[0].name
  }

  data_wo          = { password = ephemeral.google_secret_manager_secret_version.zenml["database-password"].secret_data }
  data_wo_revision = var.secrets_revision
}
