"""What evaluation costs, and how often its intervals and decisions are right."""
