output "env" {
  description = "Lines of .env for stacks/gcp.yaml; SELDON_IMAGE and ZENML_STORE_API_KEY are filled in by hand."
  value = join("\n", concat([
    "GCP_PROJECT=${var.project}",
    "GCP_REGION=${var.region}",
    "ADCLICK_BUCKET=${google_storage_bucket.artifacts.name}",
    "ADCLICK_REGISTRY=${local.registry}",
    "ADCLICK_PIPELINE_ACCOUNT=${google_service_account.adclick["pipelines"].email}",
    "ZENML_STORE_URL=${local.zenml_url}",
    "ZENML_STORE_API_KEY=",
    "GKE_CLUSTER=${google_container_cluster.adclick.name}",
    "SELDON_NAMESPACE=${var.namespace}",
    "SELDON_GATEWAY_URL=http://${google_compute_address.gateway.address}",
    "SELDON_IMAGE=${local.registry}/serving@sha256:BUILD_IT_FIRST",
    "SELDON_SERVICE_ACCOUNT=${local.serving_account}",
    ],
    [for address in google_compute_address.ray : "RAY_ADDRESS=ray://${address.address}:10001"],
  ))
}

output "vertex_network" {
  description = "Network that Vertex AI jobs are peered with to reach the gateway."
  value       = "projects/${data.google_project.current.number}/global/networks/${google_compute_network.adclick.name}"
}

output "data_bucket" {
  description = "Bucket for ad logs and images, which --data names."
  value       = "gs://${google_storage_bucket.data.name}"
}

output "zenml_address" {
  description = "Address that zenml_host must resolve to."
  value       = google_compute_global_address.zenml.address
}

output "build_account" {
  description = "Account that images are built as: gcloud builds submit --service-account."
  value       = google_service_account.adclick["build"].id
}
