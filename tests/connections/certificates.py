"""A private authority and the certificates it signs, made by openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.needs import OPENSSL, program

KEYSTORE_PASSWORD = "changeit"
_EC = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2")


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path

    def keystore(self) -> Path:
        """Both in a file that Java reads."""
        store = self.certificate.with_suffix(".p12")
        _openssl(
            *("pkcs12", "-export", "-in", self.certificate, "-inkey", self.key),
            *("-out", store, "-passout", f"pass:{KEYSTORE_PASSWORD}"),
        )
        return store


def authority(folder: Path, name: str) -> Certificate:
    """An authority that no machine trusts by itself."""
    return _request(folder, name, "-x509", "-addext", "keyUsage=critical,keyCertSign")


def self_signed(folder: Path, name: str, host: str) -> Certificate:
    """A certificate that nobody signed but itself."""
    return _request(folder, name, "-x509", "-addext", f"subjectAltName=DNS:{host}")


def signed(by: Certificate, name: str, host: str, *more: str) -> Certificate:
    """A certificate for a host; `more` goes to openssl, such as another lifetime."""
    folder = by.certificate.parent
    request = _request(folder, name, "-addext", f"subjectAltName=DNS:{host}")
    certificate = folder / f"{name}.crt"
    _openssl(
        *("x509", "-req", "-in", request.certificate, "-copy_extensions", "copy", "-out", certificate),
        *("-CA", by.certificate, "-CAkey", by.key, "-CAcreateserial", *(more or ("-days", "2"))),
    )
    return Certificate(certificate, request.key)


def _request(folder: Path, name: str, *more: str) -> Certificate:
    """A new key with a request, or with a certificate where `more` asks for -x509."""
    made = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    subject = ("-subj", f"/CN={name}")
    _openssl("req", *_EC, *subject, "-keyout", made.key, "-out", made.certificate, *more)
    return made


def _openssl(*arguments: object) -> None:
    subprocess.run([program(OPENSSL), *map(str, arguments)], check=True, capture_output=True)
