"""What each part costs, measured against a target: one benchmark a file, run as make bench-NAME."""
