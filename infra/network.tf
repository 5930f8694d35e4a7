# A network of its own: nodes without public addresses, and a peering through which Vertex AI jobs
# reach the gateway, and the ZenML server its database.
resource "google_compute_network" "adclick" {
  name                    = "adclick"
  auto_create_subnetworks = false
  depends_on              = [google_project_service.used]
}

resource "google_compute_subnetwork" "nodes" {
  name                     = "adclick-nodes"
  network                  = google_compute_network.adclick.id
  ip_cidr_range            = "10.10.0.0/22"
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.20.0.0/16"
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.30.0.0/20"
  }
}

# The way out for nodes: charts and images come from public registries.
resource "google_compute_router" "adclick" {
  name    = "adclick"
  network = google_compute_network.adclick.id
}

resource "google_compute_router_nat" "adclick" {
  name                               = "adclick"
  router                             = google_compute_router.adclick.name
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"

  log_config {
    enable = true
    filter = "ERRORS_ONLY"
  }
}

# A /16 is enough for 63 jobs of up to eight machines at the same time.
resource "google_compute_global_address" "services" {
  name          = "adclick-services"
  purpose       = "VPC_PEERING"
  address_type  = "INTERNAL"
  address       = "10.40.0.0"
  prefix_length = 16
  network       = google_compute_network.adclick.id
}

resource "google_service_networking_connection" "services" {
  network                 = google_compute_network.adclick.id
  service                 = "servicenetworking.googleapis.com"
  reserved_peering_ranges = [google_compute_global_address.services.name]
}

# GKE opens ports 443 and 10250 to the control plane; admission webhooks listen on others.
resource "google_compute_firewall" "webhooks" {
  name                    = "adclick-webhooks"
  network                 = google_compute_network.adclick.name
  direction               = "INGRESS"
  source_ranges           = [local.control_plane_range]
  target_service_accounts = [google_service_account.adclick["nodes"].email]

  allow {
    protocol = "tcp"
    ports    = [local.istiod_webhook_port, local.seldon_webhook_port]
  }
}

locals {
  control_plane_range = "172.16.0.0/28"
}
