"""The examples of docs/connect.md and docs/epcis.md, run with curl against a live server."""

import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from engine.evidence.render import end_worker
from webapp import demo
from webapp.compose import compose
from webapp.create_app import create_app
from webapp.demo import systems
from webapp.demo.bringing_up import NO_CASES
from webapp.settings import Settings

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("connected")
    demo.bring_up(folder, say=lambda line: None, scale=NO_CASES)
    holdfast = compose(Settings.read(folder))
    server = make_server("127.0.0.1", 0, create_app(holdfast), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    rows = (folder / systems.FILE).read_text("utf-8").split()
    tokens = {
        f"{name.upper()}_TOKEN": token for name, token in zip(rows[::2], rows[1::2], strict=True)
    }
    yield {**tokens, "HOLDFAST": f"http://127.0.0.1:{server.port}/api/v1", "PATH": "/usr/bin:/bin"}
    server.shutdown()
    thread.join()
    server.server_close()
    holdfast.database.close()
    end_worker()


@pytest.mark.parametrize(("page", "fewest"), [("connect.md", 9), ("epcis.md", 3)])
def test_every_example_of_the_page_does_what_it_says(
    environment: dict[str, str], tmp_path: Path, page: str, fewest: int
) -> None:
    text = (DOCS / page).read_text("utf-8")
    examples = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[1:]
    assert len(examples) >= fewest
    for example in examples:
        done = subprocess.run(
            ["/bin/bash", "-euo", "pipefail", "-c", example],
            env=environment, cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{example}\n{done.stdout}\n{done.stderr}"
