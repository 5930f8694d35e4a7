# The state's bucket is made by hand, before anything else (docs/gcp.md), and named at
# `terraform init -backend-config=bucket=...`.
terraform {
  backend "gcs" {
    prefix = "adclick"
  }
}
