"""The `holdfast` command: run it, bring up the demo, work in the background, check evidence."""

import errno
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from webapp.compose import Holdfast


MADE_FIRST = "secret_key"  # in a folder, by whatever is started there first
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

    _must_be_free(host, port)
    _reached_at(host, port)
    serve(folder, host=host, port=port)


def _must_be_free(host: str, port: int) -> None:
    """Refuse a port that is not to be had, before anything is brought up."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as refused:
        if refused.errno not in (errno.EADDRINUSE, errno.EACCES):
            return  # a name the server itself makes sense of, or says why not
        message = f"Port {port} on {host} is taken or not allowed. Name another with --port."
        raise click.ClickException(message) from refused


def _reached_at(host: str, port: int) -> None:
    """Let mails and printed lines name the address served, unless HOLDFAST_URL names another."""
    os.environ.setdefault("HOLDFAST_URL", f"http://{host}:{port}")


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
    from engine.errors import EngineError
    from webapp import demo as company

    if serve:
        _must_be_free(host, port)
    _reached_at(host, port)
    try:
        if not serve:
            sys.exit(0 if company.run_one_case(folder, say=click.echo) else 1)

        company.bring_up(folder, say=click.echo)
    except EngineError as problem:
        raise click.ClickException(str(problem)) from problem

    from webapp.serve import serve as serve_pages

    serve_pages(folder, host=host, port=port)


@main.command()
@FOLDER
@click.option("--lot", "scope", required=True, help="What is recalled: a lot, or what Trace takes.")
@click.option("--seed", help="Have the synthetic hospitals of an earlier drill again.")
@click.option("--language", type=click.Choice(["en", "zh"]), help="Of its record.")
def drill(folder: Path, scope: str, seed: str | None, language: str | None) -> None:
    """Practise the recall of a lot from signal to report, unattended: nothing leaves the house.

    Exit code 0: the drill passed. 1: it did not. 2: what is recalled can mean two things, or is not
    recorded here; nothing was practised.
    """
    from webapp.drilling import practise

    _must_be_installed(folder)
    sys.exit(
        practise(
            folder,
            scope,
            seed=seed,
            language=language,
            say=click.echo,
            progress=lambda line: click.echo(line, err=True),
        )
    )


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
@FOLDER
def upgrade(folder: Path) -> None:
    """Create the tables, or bring them to this version."""
    from webapp.serve import opened

    opened(folder).database.close()
    click.echo("The database is at this version.")


@main.group()
def people() -> None:
    """Look after who may sign in."""


@people.command()
@FOLDER
@click.option("--administrator", nargs=3, required=True, metavar="USER NAME EVIDENCE")
@click.option("--quality", nargs=3, required=True, metavar="USER NAME EVIDENCE")
def found(folder: Path, administrator: tuple[str, str, str], quality: tuple[str, str, str]) -> None:
    """Open the first two accounts of a real company; asks for a password for each.

    EVIDENCE says how the person's identity was verified ("passport seen"). Both choose their own
    password at the first sign-in, and cannot sign before.
    """
    from engine.errors import EngineError
    from webapp.founding import found as found_company

    passwords = [
        click.prompt(f"First password for {who[1]}", hide_input=True, confirmation_prompt=True)
        for who in (administrator, quality)
    ]
    try:
        found_company(folder, administrator, quality, passwords)
    except EngineError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"{administrator[1]} and {quality[1]} can sign in now.")


@main.group()
def process() -> None:
    """Look after the diagrams."""


@process.command()
@FOLDER
@click.argument("name")
def install(folder: Path, name: str) -> None:
    """Install a process as a draft; two people release it on the page Process ops."""
    from engine.errors import EngineError
    from webapp.founding import install as install_draft

    try:
        draft = install_draft(folder, name)
    except EngineError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(f"{draft} is installed as a draft. Two people release it on the page Process ops.")


@process.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Hold BPMN and DMN files against every rule; exit 1 when one is broken."""
    from engine.bpmn.lint import main as lint

    sys.exit(lint([str(path) for path in paths] or ["workflows"]))


@main.group()
def regulators() -> None:
    """Look after the rules of the law."""


@regulators.command("check")
@click.argument("rules", required=False, type=click.Path(path_type=Path))
def check_rules(rules: Path | None) -> None:
    """Hold the files of rules against every rule for them; exit 1 when one is broken."""
    from engine.regulators.checking import main as lint

    sys.exit(lint(rules))


# the kinds of files, written out so that the command line starts without the engine
KINDS = [
    "parties",
    "contacts",
    "locations",
    "parts",
    "lots",
    "units",
    "orders",
    "receipts",
    "stock",
    "inputs",
    "installs",
    "tests",
    "shipments",
    "names",
    "epcis",
    "cases",
]


@main.group()
def serials() -> None:
    """Look after parts, lots, units and shipments."""


@serials.command("import")
@FOLDER
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", default="erp", show_default=True, help="The system it comes from.")
@click.option("--mapping", default="", help="Read it as the files of this source are read.")
@click.option("--encoding", default="", help="utf-8, utf-16, gb18030 or cp1252, if not plain.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_(
    folder: Path, kind: str, file: Path, *, source: str, mapping: str, encoding: str, dry_run: bool
) -> None:
    """Take a CSV file or workbook in: sound rows are loaded, the others wait with their problems.

    Exit code 0: all rows are in. 1: some wait in quarantine. 2: the file was refused.
    """
    from webapp.intake import bar, import_file

    sys.exit(
        import_file(
            _composed(folder),
            kind,
            file,
            source=source,
            mapping=mapping,
            encoding=encoding,
            dry_run=dry_run,
            say=click.echo,
            progress=bar(lambda line: click.echo(line, err=True)),
        )
    )


@serials.command("take-back")
@FOLDER
@click.argument("batch", type=int)
@click.option("--reason", required=True, help="Why it is taken back; it stands in the ledger.")
@click.option("--by-events", is_flag=True, help="Later records stand on it: correct its events.")
def take_back(folder: Path, batch: int, reason: str, *, by_events: bool) -> None:
    """Take a loaded file back, while nothing later refers to its lines."""
    from webapp.intake import take_file_back

    sys.exit(
        take_file_back(_composed(folder), batch, reason=reason, by_events=by_events, say=click.echo)
    )


@serials.command("rebuild")
@FOLDER
@click.option("--check", "is_check", is_flag=True, help="Only compare and name what differs.")
def rebuild(folder: Path, *, is_check: bool) -> None:
    """Set custody, usability, places, roots and stock to what the events say.

    Stop the other processes first: nothing else can write meanwhile. With --check nothing is
    changed; exit 1 when anything differs.
    """
    from webapp.rebuilding import rebuild_all

    sys.exit(rebuild_all(_composed(folder), is_check=is_check, say=click.echo))


@serials.command("denylist")
@FOLDER
@click.argument("file", metavar="LIST", type=click.Path(dir_okay=False, path_type=Path))
@click.argument("text", metavar="[LABEL]", required=False)
@click.option("--check", "checks", is_flag=True, help="Check a list instead of making one.")
@click.option(
    "--root",
    type=click.Path(path_type=Path),
    help="The company's root certificate (PEM), where there is no installation.",
)
def denylist(
    folder: Path, file: Path, text: str | None, *, checks: bool, root: Path | None
) -> None:
    """Write the signed list of all that is held, or check one without an installation.

    With --check, LABEL is what is scanned or typed: a device label (UDI) in any form, a serial or
    a lot number. Exit 0 when it is not held, 1 when it is, 2 when the list cannot be used or does
    not say: then nothing may pass by it.
    """
    from webapp.deny import check_list, write_list

    if checks:
        sys.exit(check_list(file, text, root or folder / "keys" / "root.pem", say=click.echo))
    if text is not None or root is not None:
        message = "To look something up in a list, say --check; without it a new list is written."
        raise click.UsageError(message)
    sys.exit(write_list(_composed(folder), file, say=click.echo))


@main.command()
@FOLDER
@click.argument("expression", required=False)
@click.option(
    "--csv", type=click.Path(dir_okay=False, path_type=Path), help="Write every row here."
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")
@click.option("--unit", metavar="SERIAL", help="Show what a unit was made of instead.")
@click.option("--compare", nargs=2, type=int, metavar="RUN RUN", help="Compare two traces instead.")
@click.option("--now", "is_now", is_flag=True, help="With night: trace at random at once.")
@click.option("--sample", type=click.IntRange(1), help="With night --now: how many traces.")
def trace(
    folder: Path,
    expression: str | None,
    *,
    csv: Path | None,
    as_json: bool,
    unit: str | None,
    compare: tuple[int, int] | None,
    is_now: bool,
    sample: int | None,
) -> None:
    """Find and keep who has what contains, or once contained, what EXPRESSION names.

    EXPRESSION is what people have: lots, serials, ranges, beginnings, UDIs, the SSCC of a carton,
    places, equipment, operators. Exit code 2: a part of it can mean two things, or nothing of it is
    recorded; nothing was traced.

    `holdfast trace night --now` traces lots and units at random instead, as each night, holds every
    trace against the raw events and prints the figures; exit code 1 when the night did not hold.
    """
    if is_now or sample is not None:
        sys.exit(_night_now(folder, expression, sample if is_now else None))
    from webapp.trace_line import difference_of, trace_text, tree_of

    if sum(one is not None for one in (expression, unit, compare)) != 1:
        message = "Name what to trace, or --unit SERIAL, or --compare RUN RUN: one of them."
        raise click.UsageError(message)
    holdfast = _composed(folder)
    if unit is not None:
        sys.exit(tree_of(holdfast, unit, say=click.echo))
    if compare is not None:
        sys.exit(difference_of(holdfast, compare, say=click.echo))
    sys.exit(
        trace_text(
            holdfast,
            expression or "",
            csv=csv,
            as_json=as_json,
            say=click.echo,
            progress=lambda line: click.echo(line, err=True),
        )
    )


def _night_now(folder: Path, expression: str | None, sample: int | None) -> int:
    from webapp.night_line import night_now

    if expression != "night":
        message = "--now and --sample go with night: holdfast trace night --now."
        raise click.UsageError(message)
    return night_now(
        _composed(folder), sample, say=click.echo, progress=lambda line: click.echo(line, err=True)
    )


@main.group()
def evidence() -> None:
    """Check sealed documents."""


@evidence.command("verify")
@FOLDER
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.argument("roots", nargs=-1, type=click.Path(exists=True, dir_okay=False))
def verify_file(folder: Path, file: str, roots: tuple[str, ...]) -> None:
    """Say in words what holds of a sealed PDF; exit 1 when anything fails.

    ROOTS are root certificates (PEM) that you were given by the company by another way. With them
    a file can be checked where there is no installation; its ledger is not asked then.
    """
    from engine.evidence.verify import main_verify_pdf

    _must_be_certificates(roots)
    if not folder.is_dir() and not roots:
        message = (
            f"There is no installation in {folder}. Name its folder with --data, or after the file"
            " the company's root certificate: evidence verify FILE.pdf ROOT.pem"
        )
        raise click.ClickException(message)
    if folder.is_dir():
        sys.exit(main_verify_pdf([file, *roots], database=_composed(folder).database))
    click.echo(f"There is no installation in {folder}: checked with the given root certificates.")
    sys.exit(main_verify_pdf([file, *roots]))


def _must_be_certificates(roots: tuple[str, ...]) -> None:
    from engine.evidence.verify import trusted_root

    for root in map(Path, roots):
        try:
            trusted_root(root)
        except ValueError as problem:
            message = f"{root.name} is no certificate (PEM)."
            raise click.ClickException(message) from problem


@main.group()
def case() -> None:
    """Look at cases."""


@case.command("verify")
@FOLDER
@click.argument("number")
@click.argument("witness", required=False, type=click.Path(exists=True, file_okay=False))
def verify_case(folder: Path, number: str, witness: str | None) -> None:
    """Say in words what holds of a case: ledger, signatures, documents, answers and balance.

    NUMBER is of a case, or of a reported event (RE-2026-0007).

    WITNESS is a copy of the witness folder that this server cannot write.
    """
    from engine.cases.verifying import check_case, stream_of
    from engine.evidence.verify import main_verify_case

    said = [stream_of(number), witness] if witness else [stream_of(number)]
    sys.exit(main_verify_case(said, database=_composed(folder).database, check=check_case))


def _composed(folder: Path) -> "Holdfast":
    from webapp.compose import compose
    from webapp.settings import Settings

    _must_be_installed(folder)
    return compose(Settings.read(folder))


def _must_be_installed(folder: Path) -> None:
    """Refuse a folder in which nothing was ever started, before anything is made in it."""
    if not (folder / MADE_FIRST).exists():
        message = f"There is no installation in {folder}. Name its folder with --data."
        raise click.ClickException(message)
