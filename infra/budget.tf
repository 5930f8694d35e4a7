# A mail to the billing account's administrators at half, nine tenths and all of the month's budget,
# and when a forecast passes it. It warns; it stops nothing.
resource "google_billing_budget" "adclick" {
  count = var.billing_account == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = "adclick ${var.project}"

  budget_filter {
    projects = ["projects/${data.google_project.current.number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.monthly_budget)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1.0
    spend_basis       = "FORECASTED_SPEND"
  }
}
