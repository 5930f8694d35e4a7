# write-only arguments and ephemeral values, which keep passwords out of the state, need 1.11
terraform {
  required_version = ">= 1.11.0"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "8.7.0"
    }
    google-beta = {
      source  = "hashicorp/google-beta"
      version = "8.7.0"
    }
    helm = {
      source  = "hashicorp/helm"
      version = "3.3.0"
    }
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = "3.4.0"
    }
    random = {
      source  = "hashicorp/random"
      version = "3.9.1"
    }
  }
}

provider "google" {
  project        = var.project
  region         = var.region
  default_labels = { app = "adclick" }

  # budgets asked for with a person's credentials want a project that pays for the question
  user_project_override = true
  billing_project       = var.project
}

provider "google-beta" {
  project        = var.project
  region         = var.region
  default_labels = { app = "adclick" }
}

data "google_client_config" "current" {}

data "google_project" "current" {
  depends_on = [google_project_service.used]
}

locals {
  # the endpoint by name has a public certificate, and IAM decides who gets through to it
  cluster_host = "https://${google_container_cluster.adclick.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}"
}

provider "kubernetes" {
  host  = local.cluster_host
  token = data.google_client_config.current.access_token
}

provider "helm" {
  kubernetes = {
    host  = local.cluster_host
    token = data.google_client_config.current.access_token
  }
}
