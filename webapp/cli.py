"""The `holdfast` command: run it, bring up the demo, work in the background, check evidence."""

import sys
from pathlib import Path

import click

from engine.errors import EngineError

FOLDER = click.option(
    "--data",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("instance"),
    envvar="HOLDFAST_DATA",
    show_default=True,
    help="The instance folder: database, documents, keys.",
)


@click.group()
@click.version_option(package_name="holdfast", prog_name="holdfast")
def main() -> None:
    """Holdfast: hold it, decide it, tell everyone, prove it."""


@main.command()
@FOLDER
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True)
def run(folder: Path, host: str, port: int) -> None:
    """Serve the pages and run the scheduler in this one process."""
    from webapp.serve import serve

    serve(folder, host=host, port=port)


@main.command()
@FOLDER
def worker(folder: Path) -> None:
    """Send mail, seal documents and fire timers, beside web processes on the same database."""
    from webapp.serve import work

    work(folder)


@main.command()
@FOLDER
@click.option("--serve/--no-serve", default=True, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, envvar="PORT", show_default=True)
def demo(folder: Path, *, serve: bool, host: str, port: int) -> None:
    """Bring up the demo company; with --no-serve run one nonconformance to its sealed record."""
    from webapp import demo as company

    if serve:
        company.bring_up(folder, say=click.echo)
        from webapp.serve import serve as serve_pages

        serve_pages(folder, host=host, port=port)
        return

    holds = company.run_one_case(folder, say=click.echo)
    sys.exit(0 if holds else 1)


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
@FOLDER
def upgrade(folder: Path) -> None:
    """Create the tables, or bring them to this version."""
    from engine.migrations import upgrade as bring_up
    from webapp.settings import Settings

    bring_up(Settings.read(folder).database_url)
    click.echo("The database is at this version.")


@main.group()
def process() -> None:
    """Look after the diagrams."""


@process.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Hold BPMN and DMN files against every rule; exit 1 when one is broken."""
    from engine.bpmn.lint import main as lint

    sys.exit(lint([str(path) for path in paths] or ["workflows"]))


@main.group()
def evidence() -> None:
    """Check sealed documents."""


@evidence.command("verify")
@FOLDER
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_file(folder: Path, file: Path) -> None:
    """Say in words what holds of a sealed PDF; exit 1 when anything fails."""
    from webapp.verify import verify_pdf

    sys.exit(0 if verify_pdf(folder, file, say=click.echo) else 1)


@main.group()
def case() -> None:
    """Look at cases."""


@case.command("verify")
@FOLDER
@click.argument("number")
def verify_case(folder: Path, number: str) -> None:
    """Say in words what holds of a case's ledger, signatures and documents."""
    from webapp.verify import verify_case as verify

    try:
        holds = verify(folder, number, say=click.echo)
    except EngineError as problem:
        raise click.ClickException(str(problem)) from problem
    sys.exit(0 if holds else 1)
