"""`python -m benchmarks [--json]`."""

import json
import sys

from attrs import asdict

from benchmarks.measures import figures


def main() -> None:
    """Prints each figure as soon as it is known."""
    if "--json" in sys.argv[1:]:
        print(json.dumps([asdict(figure) for figure in figures()], indent=2))
        return
    print(f"{'figure':58} {'value':>12}  unit            target")
    for figure in figures():
        value = f"{figure.value:,.0f}" if figure.value >= 100 else f"{figure.value:.2f}"
        print(f"{figure.name:58} {value:>12}  {figure.unit:14}  {figure.target}", flush=True)


if __name__ == "__main__":
    main()
