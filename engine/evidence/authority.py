"""The installation's own two-tier authority: a root, an issuing authority, the seal certificate."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.evidence.store import write_durably

YEAR = timedelta(days=365)
ROOT_YEARS, ISSUING_YEARS, SEAL_YEARS = 30, 20, 10
LEEWAY = timedelta(minutes=5)  # a checker's clock may be a little behind ours


@dataclass(frozen=True)
class _Tier:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def make_keys(folder: Path, *, company: str, at: datetime) -> None:
    """Make root, issuing and seal keys with their certificates in `folder`.

    `seal.key` is written last, so that a folder that has it is complete.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    root = _issue(f"{company} evidence root", company, at, ROOT_YEARS, path_length=1)
    issuing = _issue(
        f"{company} evidence issuing authority", company, at, ISSUING_YEARS, root, path_length=0
    )
    seal = _issue(f"{company} evidence seal", company, at, SEAL_YEARS, issuing)
    for name, tier in (("root", root), ("issuing", issuing), ("seal", seal)):
        write_durably(folder / f"{name}.pem", _pem(tier.certificate))
        write_durably(folder / f"{name}.key", _key_pem(tier.key))


def _issue(
    name: str,
    company: str,
    at: datetime,
    years: int,
    issuer: _Tier | None = None,
    path_length: int | None = None,
) -> _Tier:
    """Make a key and its certificate; one with a `path_length` may issue further ones."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, company)
    is_authority = path_length is not None
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - LEEWAY)
        .not_valid_after(at + years * YEAR)
        .add_extension(x509.BasicConstraints(is_authority, path_length), critical=True)
        .add_extension(_usage(is_authority=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    )
    return _Tier(key, builder.sign(signer, hashes.SHA256()))


def _name(name: str, company: str) -> x509.Name:
    limit = 64  # X.520 upper bound of both attributes
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, company[:limit]),
            x509.NameAttribute(NameOID.COMMON_NAME, name[-limit:]),
        ]
    )


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
