"""The command line where something is in the way: a sentence, not a traceback."""

import socket
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from click.testing import CliRunner

from engine.clock import now
from engine.evidence.seal import Seal
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
    tmp_path: Path, at: datetime
) -> None:
    seal = Seal.made(tmp_path / "keys", company="Tarn Medical", at=at)
    blank = BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(blank)
    file, root = tmp_path / "file.pdf", tmp_path / "keys" / "root.pem"
    file.write_bytes(seal.seal_pdf(blank.getvalue(), at=at, reason="record"))
    nowhere = ["evidence", "verify", "--data", str(tmp_path / "none"), str(file)]

    said = CliRunner().invoke(main, [*nowhere, str(root)])
    assert "There is no installation" in said.output
    assert "the sealed bytes are unchanged" in said.output

    alone = CliRunner().invoke(main, nowhere)
    assert alone.exit_code == 1  # whose seal would it be?
    assert "the sealed bytes are unchanged" not in alone.output
    assert "Name its folder with --data" in alone.output
    assert "evidence verify FILE.pdf ROOT.pem" in alone.output

    root.write_text("no certificate")
    wrong = CliRunner().invoke(main, [*nowhere, str(root)])
    assert wrong.exit_code == 1
    assert "Error: root.pem is no certificate (PEM)." in wrong.output


def test_a_diagram_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    said = CliRunner().invoke(main, ["process", "check", str(tmp_path / "missing.bpmn")])
    assert said.exit_code == 1
    assert "There is no such file." in said.output
    assert "Errno" not in said.output


def test_a_deny_list_that_cannot_be_looked_into_lets_nothing_pass(tmp_path: Path) -> None:
    def ask(*more: str) -> tuple[int, str]:
        line = ["serials", "denylist", "--data", str(tmp_path), *more]
        said = CliRunner().invoke(main, line)
        return said.exit_code, said.output

    missing, root = str(tmp_path / "none.jws"), tmp_path / "root.pem"
    result, words = ask("--check", missing, "P-1", "--root", str(root))
    assert result == 2
    assert "There is no root certificate" in words
    root.write_text("no certificate")
    assert ask("--check", missing, "P-1", "--root", str(root)) == (
        2, "root.pem is no certificate (PEM).\n"
    )  # fmt: skip
    Seal.made(tmp_path / "keys", company="Tarn Medical", at=now())
    result, words = ask("--check", missing, "P-1")
    assert (result, words) == (2, f"There is no such list: {missing}\n")
    # without --check a list would be written over the one that was to be asked
    result, words = ask(missing, "P-1")
    assert result == 2
    assert "--check" in words
    assert not Path(missing).exists()


@pytest.mark.parametrize("is_there", [True, False])
def test_a_drill_in_a_folder_without_an_installation_makes_nothing(
    tmp_path: Path, *, is_there: bool
) -> None:
    folder = tmp_path / "company"
    if is_there:
        folder.mkdir()
    said = CliRunner().invoke(main, ["drill", "--lot", "X", "--data", str(folder)])
    assert said.exit_code == 1
    assert "There is no installation" in said.output
    assert [path.name for path in tmp_path.rglob("*")] == ["company"] * is_there
