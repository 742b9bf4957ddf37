"""The seal: the key with which this installation signs documents, signatures and checkpoints.

At the first start `Seal.made(folder)` makes three ECDSA P-256 keys in the instance folder, each
readable by its owner only (0600): `root` signs `issuing`, `issuing` signs `seal`, and `seal` signs
evidence. After that `root.key` is needed only for a new issuing authority: move it off the server
to an offline medium (nothing reads it), and give `root.pem` and its fingerprint to whoever must
check evidence without trusting this server.

Bringing your own keys: put `seal.key` (PEM, unencrypted PKCS#8, ECDSA P-256, mode 0600),
`seal.pem` (its certificate, key usage digitalSignature and nonRepudiation), `issuing.pem` and
`root.pem` into the folder before the first start. `Seal.made` makes nothing when `seal.key` is
there. When the seal key is replaced, move its `seal.pem` to `former/<any name>.pem`: what it sealed
stays verifiable.

Two kinds of signature leave this module:
* `sign(data)`: raw ECDSA over SHA-256 in DER, for ledger checkpoints and signature records.
  `openssl dgst -sha256 -verify seal.pub -signature data.sig data` checks it.
* `seal_pdf(pdf)`: PAdES B-B in an invisible field, certifying, with form filling still allowed.
"""

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import ClassVar, Self

from asn1crypto import keys as asn1_keys, x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

from engine.errors import EngineError
from engine.evidence.apart import apart
from engine.evidence.authority import make_keys

FIELD = "HoldfastSeal"
SIGNATURE_SPACE = 16_384  # bytes reserved in the PDF for the CMS: certificates of three tiers fit


class SealUnusable(EngineError):
    """The seal key in %(folder)s cannot be used: %(cause)s. No document can be sealed."""


@dataclass(frozen=True)
class Seal:
    """The seal key with its certificates; open it with `made` or `opened`."""

    folder: Path
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]  # issuing authority first, root last
    former: tuple[x509.Certificate, ...] = ()  # of earlier seal keys, from the folder `former`

    KEY: ClassVar[str] = "seal.key"

    @classmethod
    def made(cls, folder: Path, *, company: str, at: datetime) -> Self:
        """Open the keys in `folder`, making them first when there are none."""
        if not (folder / cls.KEY).exists():
            make_keys(folder, company=company, at=at)
        return cls.opened(folder)

    @classmethod
    def opened(cls, folder: Path) -> Self:
        """Open the keys in `folder`; raises `SealUnusable` with the cause in words."""
        try:
            return cls._read(folder)
        except (OSError, ValueError, TypeError) as problem:
            raise SealUnusable(folder=folder, cause=problem) from problem

    @classmethod
    def _read(cls, folder: Path) -> Self:
        path = folder / cls.KEY
        if os.name == "posix" and path.stat().st_mode & 0o077:
            message = f"{cls.KEY} can be read by others; set its mode to 0600"
            raise ValueError(message)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            message = f"{cls.KEY} is not an ECDSA key"
            raise TypeError(message)
        certificate, *chain = (
            x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
            for name in ("seal", "issuing", "root")
        )
        if key.public_key() != certificate.public_key():
            message = "seal.key and seal.pem do not belong together"
            raise ValueError(message)
        former = (
            x509.load_pem_x509_certificate(path.read_bytes())
            for path in sorted((folder / "former").glob("*.pem"))
        )
        return cls(folder, key, certificate, tuple(chain), tuple(former))

    @cached_property
    def key_id(self) -> str:
        """Return the SHA-256 (hex) of the seal certificate, as signatures name it."""
        return fingerprint(self.certificate)

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        """Return the certificate of this seal and of every seal before it."""
        return (self.certificate, *self.former)

    @property
    def root(self) -> x509.Certificate:
        """Return the trust anchor of everything this seal signs."""
        return self.chain[-1]

    def sign(self, data: bytes) -> bytes:
        """Return an ECDSA signature (DER) over the SHA-256 of `data`."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))

    def holds(self, signature: bytes, data: bytes) -> bool:
        """Tell whether `signature` over `data` was made with this seal."""
        return is_signed(self.certificate, signature, data)

    def seal_pdf(self, pdf: bytes, *, at: datetime, reason: str) -> bytes:
        """Return `pdf` with a PAdES B-B signature added; nothing on its pages changes."""
        writer = _SealWriter(BytesIO(pdf))
        signer = self._pdf_signer(reason, at)
        sealed = apart(signer.sign_pdf, writer, bytes_reserved=SIGNATURE_SPACE)
        return bytes(sealed.getvalue())

    def _pdf_signer(self, reason: str, at: datetime) -> signers.PdfSigner:
        meta = signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            reason=reason,
            subfilter=fields.SigSeedSubFilter.PADES,
            certify=True,
            docmdp_permissions=fields.MDPPerm.FILL_FORMS,
            name=_common_name(self.certificate),
        )
        return _SignerAt(meta, signer=self._signer, at=at)

    @cached_property
    def _signer(self) -> signers.SimpleSigner:
        store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # the library has no types
        store.register_multiple(to_asn1(one) for one in self.chain)
        der = self.key.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return signers.SimpleSigner(
            signing_cert=to_asn1(self.certificate),
            signing_key=asn1_keys.PrivateKeyInfo.load(der),
            cert_registry=store,
        )


class _SealWriter(IncrementalPdfFileWriter):
    """A writer that leaves the metadata as rendered: sealing is no new version of a record."""

    def _update_meta(self) -> None:
        """Change no date and no producer (the library would write the time of its own clock)."""


class _SignerAt(signers.PdfSigner):
    """A signer that writes the time of the command, where the library would ask the clock."""

    def __init__(
        self, meta: signers.PdfSignatureMetadata, signer: signers.Signer, at: datetime
    ) -> None:
        super().__init__(meta, signer=signer)
        self.at = at

    def init_signing_session(
        self,
        pdf_out: BasePdfFileWriter,
        existing_fields_only: bool = False,  # noqa: FBT001, FBT002 (the library's signature)
    ) -> PdfSigningSession:
        session = super().init_signing_session(pdf_out, existing_fields_only)
        session.system_time = self.at
        return session


def is_signed(certificate: x509.Certificate, signature: bytes, data: bytes) -> bool:
    """Tell whether the key of `certificate` made `signature` over `data` (ECDSA, SHA-256)."""
    public = certificate.public_key()
    if not isinstance(public, ec.EllipticCurvePublicKey):
        return False
    try:
        public.verify(signature, data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 (hex) of a certificate."""
    return hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).hexdigest()


def to_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    """Return a certificate as pyHanko reads it."""
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))


def _common_name(certificate: x509.Certificate) -> str:
    named = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(named[0].value) if named else ""
