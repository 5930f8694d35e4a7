"""Makes the checks of the gcp stack; prints what each found.

`python -m tests.gcp.in_cloud.checks`
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from adclick.config import load_config
from stacks.checks import check_stack

REPOSITORY = Path(__file__).resolve().parents[3]


def main() -> None:
    results = check_stack("gcp", load_config(REPOSITORY / "configs/gcp.yaml"), dict(os.environ))
    print(json.dumps({r.check: [r.status.value, r.found] for r in results}))


if __name__ == "__main__":
    main()
