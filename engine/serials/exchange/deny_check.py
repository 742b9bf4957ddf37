"""Checking a deny list where Holdfast is away: with a root certificate, no database, no network."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from engine.errors import Refused
from engine.evidence.seal import fingerprint, is_signed
from engine.serials.exchange.deny_format import COLUMNS, FORMAT, Entry, LetOut


class NotADenyList(Refused):
    """This file is no deny list of Holdfast, or it is damaged. Get it again."""


class NotSignedByUs(Refused):
    """This deny list is not signed by the company whose certificate was named. Do not use it."""


class CsvNotOfThisList(Refused):
    """This CSV file was changed, or belongs to another list. Get both files again."""


@dataclass(frozen=True)
class Checked:
    """A deny list whose signature holds."""

    made_at: datetime
    valid_until: datetime
    company: str
    counts: dict[str, int]
    ledger: dict[str, Any] | None
    entries: Sequence[Entry]
    let_out: Sequence[LetOut]

    def is_over(self, *, at: datetime) -> bool:
        """Say whether it must not be used any more."""
        return at >= self.valid_until


def checked(jws: bytes, roots: Sequence[x509.Certificate], *, csv: bytes | None = None) -> Checked:
    """Return the list; raises `NotADenyList`, `NotSignedByUs`, `CsvNotOfThisList`."""
    try:
        header, payload, signature = (_bytes64(one) for one in jws.strip().split(b"."))
        head, said = json.loads(header), json.loads(payload)
        if head["alg"] != "ES256" or head["typ"] != FORMAT or said["format"] != FORMAT:
            raise NotADenyList
        chain = [
            x509.load_der_x509_certificate(base64.b64decode(one, validate=True))
            for one in head["x5c"]
        ]
        found = Checked(
            made_at=datetime.fromisoformat(said["made_at"]),
            valid_until=datetime.fromisoformat(said["valid_until"]),
            company=str(said["company"]),
            counts=said["counts"],
            ledger=said["ledger"],
            entries=[Entry(*map(str, one)) for one in said["entries"]],
            let_out=[LetOut(*map(str, one)) for one in said["let_out"]],
        )
        csv_sha256 = said["csv_sha256"]
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as problem:
        raise NotADenyList from problem
    if said["columns"] != COLUMNS or len(signature) != 64:
        raise NotADenyList

    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    data = jws.strip().rpartition(b".")[0]
    made_at = found.made_at.astimezone(UTC)
    vouched = _is_vouched_for(chain, roots, at=made_at)
    if not vouched or not is_signed(chain[0], encode_dss_signature(r, s), data):
        raise NotSignedByUs
    if csv is not None and sha256(csv).hexdigest() != csv_sha256:
        raise CsvNotOfThisList
    return found


def _is_vouched_for(
    chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], *, at: datetime
) -> bool:
    """Tell whether each certificate is issued by the next, up to a root that was named."""
    if len(chain) < 2 or fingerprint(chain[-1]) not in {fingerprint(one) for one in roots}:
        return False
    if any(not one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in chain):
        return False
    try:
        for one, issuer in pairwise(chain):
            limits = issuer.extensions.get_extension_for_class(x509.BasicConstraints)
            if not limits.value.ca:
                return False
            one.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return True


def _bytes64(text: bytes) -> bytes:
    return base64.b64decode(text + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
