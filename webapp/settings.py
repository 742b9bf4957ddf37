"""The settings of one installation: an instance folder, and what the environment says."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from engine.evidence.store import write_durably
from engine.serials.exchange.addresses import WaysOut


@dataclass(frozen=True)
class Settings:
    """Where everything lies and how this installation speaks to the outside.

    `folder` holds the SQLite database, documents, keys and, without a mail server, the mail.
    `mark` is printed over every page and document of a company that is not real: DEMO or DRILL.
    """

    folder: Path
    database_url: str
    secret_key: bytes
    company: str = "Holdfast"
    base_url: str = "http://127.0.0.1:8000"
    https: bool = False
    mark: str | None = None
    language: str = "en"  # the official language of this site's records: en or zh
    smtp: Mapping[str, str] | None = None  # HOLDFAST_SMTP_*, or no server
    witness_folder: Path | None = None
    deny_list_folder: Path | None = None  # HOLDFAST_DENY_LIST, or `deny-list` in the folder
    ways_out: WaysOut = field(default_factory=WaysOut)  # of webhooks: HOLDFAST_WEBHOOK_*

    @property
    def documents_folder(self) -> Path:
        """Return where documents are kept by their hash."""
        return self.folder / "documents"

    @property
    def keys_folder(self) -> Path:
        """Return where the seal keys lie, readable by their owner only."""
        return self.folder / "keys"

    @property
    def deny_folder(self) -> Path:
        """Return where the newest deny list lies, for a warehouse to fetch."""
        return self.deny_list_folder or self.folder / "deny-list"

    @property
    def mail_folder(self) -> Path | None:
        """Return where mail is laid down when there is no mail server, None when there is."""
        return None if self.smtp else self.folder / "mail"

    @classmethod
    def read(cls, folder: Path, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings of the installation in `folder`, whose secret the first start makes."""
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        base_url = environment.get("HOLDFAST_URL", "http://127.0.0.1:8000").rstrip("/")
        witness = environment.get("HOLDFAST_WITNESS")
        deny_list = environment.get("HOLDFAST_DENY_LIST")
        return cls(
            folder=folder,
            database_url=environment.get(
                "HOLDFAST_DATABASE_URL", f"sqlite:///{folder / 'holdfast.db'}"
            ),
            secret_key=_secret(folder / "secret_key"),
            company=environment.get("HOLDFAST_COMPANY") or _line(folder / "company") or "Holdfast",
            base_url=base_url,
            https=base_url.startswith("https://"),
            mark=_line(folder / "mark"),
            language="zh" if environment.get("HOLDFAST_LANGUAGE") == "zh" else "en",
            smtp=_smtp(environment),
            witness_folder=Path(witness) if witness else None,
            deny_list_folder=Path(deny_list) if deny_list else None,
            ways_out=WaysOut.read(
                environment.get("HOLDFAST_WEBHOOK_HOSTS") or _line(folder / "webhook_hosts") or "",
                environment.get("HOLDFAST_WEBHOOK_NETWORKS")
                or _line(folder / "webhook_networks")
                or "",
            ),
        )


def _secret(path: Path) -> bytes:
    if not path.exists():
        write_durably(path, secrets.token_bytes(32))
    return path.read_bytes()


def _line(path: Path) -> str | None:
    return path.read_text(encoding="utf-8").strip() or None if path.exists() else None


def _smtp(environment: Mapping[str, str]) -> dict[str, str] | None:
    prefix = "HOLDFAST_SMTP_"
    found = {name: value for name, value in environment.items() if name.startswith(prefix)}
    return found if found.get(f"{prefix}HOST") else None
