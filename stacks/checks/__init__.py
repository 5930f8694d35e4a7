"""What would fail in a later step of a run, found before it: `run.py --check`."""

from stacks.checks.check import CheckResult
from stacks.checks.stack import check_stack
from stacks.checks.table import exit_code, print_checks

__all__ = ["CheckResult", "check_stack", "exit_code", "print_checks"]
