"""Scores the golden requests and shows them beside the scores that they must get.

`python example.py [OPTIONS OF click_model.load] [--json]`; exits with 1 where one differs.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from click_model import load

HERE = Path(__file__).resolve().parent


def main() -> int:
    """The exit code."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--json"]
    golden = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))
    model = load(HERE, *arguments)
    requests = [case["features"] for case in golden["requests"]]
    found = [float(score) for score in model.predict(requests)]
    if "--json" in sys.argv:
        print(json.dumps(found))
        return 0
    gaps = [abs(one - case["score"]) for one, case in zip(found, golden["requests"], strict=True)]
    for score, case in zip(found, golden["requests"], strict=True):
        print(f"{score:.6f}  must be {case['score']:.6f}  {json.dumps(case['features'])}")
    worst = max(gaps)
    print(f"largest difference {worst:.1e}, at most {golden['tolerance']:.0e} is allowed")
    return 0 if worst <= golden["tolerance"] else 1


if __name__ == "__main__":
    sys.exit(main())
