variable "project" {
  description = "Id of the Google Cloud project that everything is made in."
  type        = string
}

variable "region" {
  description = "Region of jobs, buckets, images and the cluster; it must have the GPUs of configs/gcp.yaml."
  type        = string
  default     = "europe-west4"
}

variable "cluster_zone" {
  description = "Zone of a zonal cluster, such as europe-west4-a; null makes a regional one."
  type        = string
  default     = null
}

variable "namespace" {
  description = "Kubernetes namespace that models serve in."
  type        = string
  default     = "adclick"
}

variable "zenml_host" {
  description = "DNS name of the ZenML server, such as zenml.example.com."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9-]+(\\.[a-z0-9-]+)+$", var.zenml_host))
    error_message = "zenml_host is a DNS name of yours, without https:// and path."
  }
}

variable "dns_zone" {
  description = "Cloud DNS zone in this project that zenml_host is added to; null leaves the record to you."
  type        = string
  default     = null
}

variable "submitters_group" {
  description = "Address of the Google group whose members may start runs with their own accounts; null for none."
  type        = string
  default     = null
}

variable "gateway_allowed_ranges" {
  description = "Address ranges that may ask models from outside, without encryption; none makes an internal gateway, which Vertex AI jobs reach by the network's peering."
  type        = list(string)
  default     = []

  validation {
    condition     = !contains(var.gateway_allowed_ranges, "0.0.0.0/0")
    error_message = "gateway_allowed_ranges must not be the whole internet: requests have no password."
  }
}

variable "deletion_protection" {
  description = "Whether cluster, database, secrets and buckets with content are kept from deletion."
  type        = bool
  default     = true
}

variable "deprivilege_default_accounts" {
  description = "Whether the project's default service accounts lose their Editor role; false where others rely on it."
  type        = bool
  default     = true
}

variable "soft_delete_days" {
  description = "Days that deleted objects can be had back for, 7 to 90."
  type        = number
  default     = 7
}

variable "prediction_days" {
  description = "Days that logged predictions are kept for; training needs them until their clicks are in."
  type        = number
  default     = 400
}

variable "image_days" {
  description = "Days after which images go, but for the newest ten and those tagged keep*."
  type        = number
  default     = 180
}

variable "kubernetes_version" {
  description = "Kubernetes version of a new cluster; Seldon Core 1.19 supports 1.23 to 1.35."
  type        = string
  default     = "1.35"
}

variable "release_channel" {
  description = "GKE release channel: REGULAR, STABLE or EXTENDED."
  type        = string
  default     = "REGULAR"
}

variable "serving_nodes" {
  description = "Machines of the pool that serves models and runs ZenML, and how many, over all zones."
  type        = object({ machine = string, min = number, max = number })
  default     = { machine = "e2-standard-4", min = 2, max = 6 }
}

variable "ray" {
  description = "Machines of a Ray cluster for data steps, its image and KubeRay's version; null for none."
  type = object({
    machine         = optional(string, "n2-standard-16")
    max_nodes       = optional(number, 8)
    image           = optional(string, "rayproject/ray:2.60.0-py312")
    kuberay_version = optional(string, "1.7.0")
  })
  default = null
}

variable "pipelines_on_cluster" {
  description = "Whether the kubernetes stack may run pipelines on the cluster, in a namespace of its own."
  type        = bool
  default     = false
}

variable "istio_version" {
  description = "Version of Istio's charts."
  type        = string
  default     = "1.29.2"
}

variable "seldon_version" {
  description = "Version of Seldon Core's operator."
  type        = string
  default     = "1.19.0"
}

variable "zenml_version" {
  description = "Version of the ZenML server: that of requirements-gcp.txt."
  type        = string
  default     = "0.98.0"
}

variable "zenml_database_tier" {
  description = "Cloud SQL machine of ZenML's database; null for its built-in store, whose content goes with its pod."
  type        = string
  default     = "db-g1-small"
}

variable "secrets_revision" {
  description = "Raise to make ZenML's database password and encryption key anew; the new key reads no old secrets."
  type        = number
  default     = 1
}

variable "evidently_image" {
  description = "Image with evidently for a dashboard of the reports, such as the steps' one; null for none."
  type        = string
  default     = null
}

variable "billing_account" {
  description = "Billing account that a budget alert is set on; null for none."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "Budget of a month, in the billing account's currency."
  type        = number
  default     = 600
}
