"""Run every benchmark of `bench/` in a process of its own and print what it prints."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Return the number of benchmarks that failed; one that fails does not stop the others."""
    failures = 0
    for path in sorted((ROOT / "bench").glob("*.py")):
        if path.name.startswith("_"):
            continue  # shared by several
        print(f"\n## {path.stem}\n", flush=True)
        failures += subprocess.run([sys.executable, path], cwd=ROOT, check=False).returncode != 0
    return failures


if __name__ == "__main__":
    sys.exit(main())
