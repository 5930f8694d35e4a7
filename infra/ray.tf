# A place for a Ray cluster (RAY_ADDRESS) on the same GKE: KubeRay, nodes that go to zero when
# nothing runs, a head with an address inside the network. Off by default. Whoever reaches a Ray
# head runs code on it: its address is internal, and only Vertex AI jobs and pods reach it.
locals {
  ray = toset(var.ray == null ? [] : ["ray"])
}

resource "google_container_node_pool" "ray" {
  for_each = local.ray

  name               = "ray"
  cluster            = google_container_cluster.adclick.id
  initial_node_count = 0

  autoscaling {
    total_min_node_count = 0
    total_max_node_count = var.ray.max_nodes
    location_policy      = "ANY"
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  network_config {
    enable_private_nodes = true
  }

  node_config {
    machine_type    = var.ray.machine
    spot            = true
    disk_size_gb    = 200
    service_account = google_service_account.adclick["nodes"].email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    labels          = { pool = "ray" }

    taint {
      key    = "pool"
      value  = "ray"
      effect = "NO_SCHEDULE"
    }

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
}

resource "helm_release" "kuberay" {
  for_each = local.ray

  name             = "kuberay-operator"
  namespace        = "ray-system"
  create_namespace = true
  repository       = "https://ray-project.github.io/kuberay-helm"
  chart            = "kuberay-operator"
  version          = var.ray.kuberay_version
  depends_on       = [google_container_node_pool.serving]
}

resource "helm_release" "ray" {
  for_each = local.ray

  name       = "adclick-ray"
  namespace  = kubernetes_namespace_v1.adclick[var.namespace].metadata[0].name
  repository = helm_release.kuberay[each.key].repository
  chart      = "ray-cluster"
  version    = var.ray.kuberay_version

  values = [yamlencode({
    image = { repository = split(":", var.ray.image)[0], tag = split(":", var.ray.image)[1] }
    head  = { enableInTreeAutoscaling = true }
    worker = {
      replicas     = 0
      minReplicas  = 0
      maxReplicas  = var.ray.max_nodes
      nodeSelector = { pool = "ray" }
      tolerations  = [{ key = "pool", operator = "Equal", value = "ray", effect = "NoSchedule" }]
    }
  })]
}

resource "google_compute_address" "ray" {
  for_each = local.ray

  name         = "adclick-ray"
  address_type = "INTERNAL"
  subnetwork   = google_compute_subnetwork.nodes.id
}

resource "kubernetes_service_v1" "ray" {
  for_each = local.ray

  metadata {
    name        = "ray-head"
    namespace   = helm_release.ray[each.key].namespace
    annotations = { "networking.gke.io/load-balancer-type" = "Internal" }
  }

  spec {
    type             = "LoadBalancer"
    load_balancer_ip = google_compute_address.ray[each.key].address
    selector         = { "ray.io/node-type" = "head" }

    port {
      name = "client"
      port = 10001
    }
  }
}
