"""JSON Web Signatures (RFC 7515, compact, ES256): a file that says who made it, read anywhere.

Made with the seal key of this installation; `kid` names its certificate by SHA-256, `x5t#S256` is
the same as the standard writes it. ES256 is r and s side by side (RFC 7518, 3.4), not DER.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from engine.errors import EngineError
from engine.evidence.canonical import canonical
from engine.evidence.seal import Seal, fingerprint, is_signed

SIZE = 32  # bytes of r and of s on P-256


class NotSignedByUs(EngineError):
    """This file was not signed with a key of this installation, or was changed since."""


def signed(payload: Mapping[str, Any], seal: Seal, *, kind: str) -> str:
    """Return the payload, canonical JSON, signed; `kind` is the media type of what is signed."""
    header = {
        "alg": "ES256",
        "cty": kind,
        "kid": seal.key_id,
        "typ": "JOSE",
        "x5t#S256": _coded(bytes.fromhex(seal.key_id)),
    }
    said = f"{_coded(canonical(header))}.{_coded(canonical(payload))}"
    r, s = decode_dss_signature(seal.sign(said.encode("ascii")))
    return f"{said}.{_coded(r.to_bytes(SIZE, 'big') + s.to_bytes(SIZE, 'big'))}"


def verified(token: str, certificates: Sequence[x509.Certificate]) -> dict[str, Any]:
    """Return the payload of a token that one of the certificates' keys signed.

    Raises `NotSignedByUs`, also for another algorithm: what the header says is never believed.
    """
    try:
        head, body, signature = token.split(".")
        header, raw = json.loads(_plain(head)), _plain(signature)
        payload: dict[str, Any] = json.loads(_plain(body))
    except ValueError as problem:
        raise NotSignedByUs from problem
    named = [one for one in certificates if fingerprint(one) == header.get("kid")]
    if header.get("alg") != "ES256" or len(raw) != 2 * SIZE or not named:
        raise NotSignedByUs
    r, s = (int.from_bytes(raw[at : at + SIZE], "big") for at in (0, SIZE))
    if not is_signed(named[0], encode_dss_signature(r, s), f"{head}.{body}".encode("ascii")):
        raise NotSignedByUs
    return payload


def _coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _plain(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
