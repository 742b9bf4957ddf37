"""The command line where something is in the way: a sentence, not a traceback."""

import socket
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from webapp.cli import main


@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_taken_port_is_said_before_anything_is_brought_up(tmp_path: Path, command: str) -> None:
    folder = tmp_path / "new"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = CliRunner().invoke(main, [command, "--data", str(folder), "--port", port])
    assert said.exit_code == 1
    assert "Name another with --port." in said.output
    assert not folder.exists()


def test_a_record_is_checked_with_the_given_roots_where_there_is_no_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(
        "engine.evidence.verify.main_verify_pdf",
        lambda said, **more: asked.append((said, more)) or 0,
    )
    for name in ("file.pdf", "root.pem"):
        (tmp_path / name).touch()
    file, root = str(tmp_path / "file.pdf"), str(tmp_path / "root.pem")
    nowhere = ["evidence", "verify", "--data", str(tmp_path / "none"), file]

    said = CliRunner().invoke(main, [*nowhere, root])
    assert said.exit_code == 0
    assert "There is no installation" in said.output
    assert asked == [([file, root], {})]

    assert CliRunner().invoke(main, nowhere).exit_code == 1  # whose seal would it be?
    assert len(asked) == 1
