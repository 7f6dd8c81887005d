"""Keys and certificates that callers have made, for tests and for authorities of their own; needs ``cryptography``."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["CertificateWanted", "make_certificate", "make_key", "read_pkcs12"]

DIGESTS: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}

CURVES: dict[str, Callable[[], ec.EllipticCurve]] = {
    "prime256v1": ec.SECP256R1,
    "secp256r1": ec.SECP256R1,
    "secp384r1": ec.SECP384R1,
    "secp521r1": ec.SECP521R1,
    "secp256k1": ec.SECP256K1,
}

ATTRIBUTES = {
    "commonName": NameOID.COMMON_NAME,
    "countryName": NameOID.COUNTRY_NAME,
    "localityName": NameOID.LOCALITY_NAME,
    "stateOrProvinceName": NameOID.STATE_OR_PROVINCE_NAME,
    "organizationName": NameOID.ORGANIZATION_NAME,
    "organizationalUnitName": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "title": NameOID.TITLE,
    "givenName": NameOID.GIVEN_NAME,
    "surname": NameOID.SURNAME,
    "domainComponent": NameOID.DOMAIN_COMPONENT,
    "userId": NameOID.USER_ID,
}

KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}

EXTENDED_USAGES = {
    "serverAuth": ExtendedKeyUsageOID.SERVER_AUTH,
    "clientAuth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "codeSigning": ExtendedKeyUsageOID.CODE_SIGNING,
    "emailProtection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "timeStamping": ExtendedKeyUsageOID.TIME_STAMPING,
}

NAME_KINDS = Literal["DNS", "IP", "EMAIL", "URI"]

_KEYS = (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey


class CertificateWanted(msgspec.Struct, forbid_unknown_fields=True):
    """What a certificate is to say; ``docs/protocol.md`` has the fields."""

    subject: list[tuple[str, str]]
    key: str
    not_before: int
    not_after: int
    subject_alt_names: list[tuple[NAME_KINDS, str]] = []
    issuer_certificate: str | None = None
    issuer_key: str | None = None
    serial: str | None = None
    ca: bool = False
    key_usage: list[str] = []
    extended_key_usage: list[str] = []
    digest: str = "sha256"


def make_key(kind: str, bits: int, curve: str) -> str:
    """Return a new private key, PEM.

    Raises:
        ValueError: there is no such key.
    """
    key: Key
    if kind == "rsa":
        key = rsa.generate_private_key(65537, bits)
    elif curve in CURVES:
        key = ec.generate_private_key(CURVES[curve]())
    else:
        raise ValueError(f"curve: there is none called {curve!r:.100}; there are {', '.join(sorted(CURVES))}")
    return _pem(key)


def make_certificate(wanted: CertificateWanted) -> str:
    """Return a new certificate, PEM, signed by its issuer or else by itself.

    Raises:
        ValueError: something that is wanted cannot be.
    """
    key = _key(wanted.key, "key")
    if wanted.digest not in DIGESTS:
        raise ValueError(f"digest: there is none called {wanted.digest!r:.100}; there are {', '.join(sorted(DIGESTS))}")
    subject = x509.Name([_attribute(name, value) for name, value in wanted.subject if value])
    issuer, signing = subject, key
    authority = key.public_key()
    if (wanted.issuer_certificate is None) != (wanted.issuer_key is None):
        raise ValueError("issuer_certificate, issuer_key: one needs the other")
    if wanted.issuer_certificate is not None and wanted.issuer_key is not None:
        certificate = x509.load_pem_x509_certificate(wanted.issuer_certificate.encode())
        issuer, signing = certificate.subject, _key(wanted.issuer_key, "issuer_key")
        authority = signing.public_key()
        if certificate.public_key() != authority:
            raise ValueError("issuer_key: it is not the key of issuer_certificate")
    builder = (
        x509.CertificateBuilder(issuer, subject, key.public_key())
        .serial_number(int(wanted.serial) if wanted.serial is not None else x509.random_serial_number())
        .not_valid_before(_time(wanted.not_before, "not_before"))
        .not_valid_after(_time(wanted.not_after, "not_after"))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority), critical=False)
        .add_extension(x509.BasicConstraints(ca=wanted.ca, path_length=None), critical=True)
    )
    if wanted.subject_alt_names:
        names = [_alternative(kind, value) for kind, value in wanted.subject_alt_names]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if wanted.key_usage:
        builder = builder.add_extension(_key_usage(wanted.key_usage), critical=True)
    if wanted.extended_key_usage:
        usages = [_known(EXTENDED_USAGES, usage, "extended_key_usage") for usage in wanted.extended_key_usage]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    edwards = isinstance(signing, ed25519.Ed25519PrivateKey | ed448.Ed448PrivateKey)
    signed = builder.sign(signing, None if edwards else DIGESTS[wanted.digest]())  # type: ignore[arg-type]
    return signed.public_bytes(serialization.Encoding.PEM).decode()


def read_pkcs12(data: bytes, password: str | None) -> tuple[str, str]:
    """Return the certificates, the key's own first, and the key that such a file holds, PEM.

    Raises:
        ValueError: it cannot be read, or holds no certificate with its key.
    """
    try:
        found = pkcs12.load_pkcs12(data, password.encode() if password else None)
    except ValueError:
        # Files without a password are made in two ways.
        if password is not None:
            raise
        found = pkcs12.load_pkcs12(data, b"")
    if found.cert is None or not isinstance(found.key, _KEYS):
        raise ValueError("data: it holds no certificate with its key")
    chain = [found.cert, *found.additional_certs]
    pem = b"".join(each.certificate.public_bytes(serialization.Encoding.PEM) for each in chain)
    return pem.decode(), _pem(found.key)


def _pem(key: Key) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _key(pem: str, parameter: str) -> Key:
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        raise ValueError(f"{parameter}: not a private key without a password, in PEM") from None
    if not isinstance(key, _KEYS):
        raise ValueError(f"{parameter}: keys of this kind sign no certificates here")  # noqa: TRY004 - a caller's text
    return key


def _time(seconds: int, parameter: str) -> datetime.datetime:
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"{parameter}: {seconds} is no time") from None


def _attribute(name: str, value: str) -> x509.NameAttribute[str]:
    return x509.NameAttribute(_known(ATTRIBUTES, name, "subject"), value)


def _alternative(kind: str, value: str) -> x509.GeneralName:
    if kind == "IP":
        return x509.IPAddress(ipaddress.ip_address(value))
    if kind == "EMAIL":
        return x509.RFC822Name(value)
    return x509.DNSName(value) if kind == "DNS" else x509.UniformResourceIdentifier(value)


def _key_usage(names: list[str]) -> x509.KeyUsage:
    wanted = {_known(KEY_USAGES, name, "key_usage") for name in names}
    return x509.KeyUsage(**{field: field in wanted for field in KEY_USAGES.values()})


def _known(table: dict[str, Any], name: str, parameter: str) -> Any:
    if name not in table:
        raise ValueError(f"{parameter}: there is nothing called {name!r:.100}; there are {', '.join(table)}")
    return table[name]
