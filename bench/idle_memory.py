"""What the embedded server holds in memory while nobody uses it, beside the bare libraries.

    python bench/idle_memory.py [seconds to wait, 20]

`holdfast run` is started on an empty folder; its whole tree of processes is counted.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
BARE = "import flask, waitress, sqlalchemy.orm, time; time.sleep(600)"
READY_WITHIN = 60
AIM_MB = 250


def main() -> None:
    """Start, wait, read, stop."""
    wait = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        run = [str(Path(sys.executable).parent / "holdfast"), "run", "--data", folder]
        with (
            child([*run, "--port", str(port)]) as server,
            child([sys.executable, "-c", BARE]) as bare,
        ):
            wait_until_ready(server, port)
            time.sleep(wait)
            figures = {
                "flask, waitress, sqlalchemy": memory(bare.pid),
                "holdfast run": memory(server.pid),
            }
    (baseline, _), *_ = figures.values()
    print(f"\nidle memory after {wait:.0f} s, whole tree of processes")
    print(f"{'':38}{'RSS MB':>11}{'PSS MB':>9}{'ratio':>8}  aim")
    for name, (resident, shared) in figures.items():
        aim = f"≤ {AIM_MB} MB" if name == "holdfast run" else ""
        print(f"{name:38}{resident:>11.0f}{shared:>9.0f}{resident / baseline:>8.2f}  {aim}")


@contextmanager
def child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for the length of the block."""
    process = subprocess.Popen(  # noqa: S603  our own command
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_until_ready(server: subprocess.Popen[bytes], port: int) -> None:
    """Return when the sign-in page is served."""
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until and server.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    message = f"the server did not answer within {READY_WITHIN} s"
    raise RuntimeError(message)


def memory(pid: int) -> tuple[float, float]:
    """Return the megabytes a process and its children hold: resident, and its own share."""
    figures = [_of_one(one) for one in (pid, *children(pid))]
    return sum(rss for rss, _ in figures), sum(pss for _, pss in figures)


def _of_one(pid: int) -> tuple[float, float]:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["Rss"] / 1024, kilobytes["Pss"] / 1024


def children(pid: int) -> list[int]:
    """Return the processes below one, all the way down."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        direct = (task / "children").read_text("ascii").split()
        for one in map(int, direct):
            found += [one, *children(one)]
    return found


if __name__ == "__main__":
    main()
