# GKE_CLUSTER: private nodes, reached by name and IAM alone, for servers, ZenML and, if wanted, Ray.
resource "google_container_cluster" "adclick" {
  name                = "adclick"
  location            = local.cluster_location
  deletion_protection = var.deletion_protection
  network             = google_compute_network.adclick.id
  subnetwork          = google_compute_subnetwork.nodes.id
  networking_mode     = "VPC_NATIVE"
  datapath_provider   = "ADVANCED_DATAPATH"
  min_master_version  = var.kubernetes_version

  # node pools are resources of their own
  remove_default_node_pool = true
  initial_node_count       = 1
  enable_shielded_nodes    = true

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  private_cluster_config {
    enable_private_nodes   = true
    master_ipv4_cidr_block = local.control_plane_range
  }

  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = true
    }
    ip_endpoints_config {
      enabled = false
    }
  }

  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  release_channel {
    channel = var.release_channel
  }

  # Seldon Core supports Kubernetes versions by name: a new minor version is our decision
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T02:00:00Z"
      end_time   = "2026-01-03T08:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA,SU"
    }
    maintenance_exclusion {
      exclusion_name = "no-minor-upgrades"
      start_time     = "2026-01-01T00:00:00Z"
      exclusion_options {
        scope             = "NO_MINOR_UPGRADES"
        end_time_behavior = "UNTIL_END_OF_SUPPORT"
      }
    }
  }

  addons_config {
    gcs_fuse_csi_driver_config {
      enabled = var.evidently_image != null
    }
  }

  rbac_binding_config {
    enable_insecure_binding_system_authenticated   = false
    enable_insecure_binding_system_unauthenticated = false
  }

  logging_config {
    enable_components = ["SYSTEM_COMPONENTS", "WORKLOADS"]
  }

  # the pool that is removed at once has them for its few minutes, too
  node_config {
    service_account = google_service_account.adclick["nodes"].email
    shielded_instance_config {
      enable_secure_boot = true
    }
  }

  lifecycle {
    ignore_changes = [node_config, min_master_version]
  }
}

resource "google_container_node_pool" "serving" {
  name               = "serving"
  cluster            = google_container_cluster.adclick.id
  initial_node_count = 1

  autoscaling {
    total_min_node_count = var.serving_nodes.min
    total_max_node_count = var.serving_nodes.max
    location_policy      = "BALANCED"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type    = var.serving_nodes.machine
    disk_size_gb    = 50
    service_account = google_service_account.adclick["nodes"].email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]

    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  lifecycle {
    ignore_changes = [initial_node_count]
  }

  # nodes without these can neither pull images nor log
  depends_on = [google_project_iam_member.adclick, google_artifact_registry_repository_iam_member.images]
}

locals {
  # a zone is cheaper, a region keeps the control plane up while it is upgraded
  cluster_location = coalesce(var.cluster_zone, var.region)
}
