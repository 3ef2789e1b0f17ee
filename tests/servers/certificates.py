"""Certificates for a test: an authority of its own, and a server's and a client's that it signs."""

import subprocess
from pathlib import Path

from attrs import frozen

from tests.servers.programs import program


@frozen
class Certificates:
    """PEM files. `stranger` is the certificate of an authority that has signed nothing."""

    authority: Path
    stranger: Path
    server: Path
    """Its key, its certificate and the authority's, in one file, as Kafka takes them."""
    client_certificate: Path
    client_key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make them there. Raises `Missing`."""
    authority = _authority(folder, "authority")
    _, stranger = _authority(folder, "stranger")
    server_key, server = _signed(folder, "server", authority)
    client_key, client = _signed(folder, "client", authority)
    whole = folder / "server.whole.pem"
    whole.write_bytes(server_key.read_bytes() + server.read_bytes() + authority[1].read_bytes())
    return Certificates(authority[1], stranger, whole, client, client_key)


def _authority(folder: Path, name: str) -> tuple[Path, Path]:
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    _openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
             "-keyout", key, "-out", certificate)  # fmt: skip
    return key, certificate


def _signed(folder: Path, name: str, authority: tuple[Path, Path]) -> tuple[Path, Path]:
    key, request, certificate = folder / f"{name}.key", folder / f"{name}.request", folder / f"{name}.pem"
    names = folder / f"{name}.names"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    _openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={name}", "-keyout", key, "-out", request)
    _openssl("x509", "-req", "-days", "2", "-in", request, "-CA", authority[1], "-CAkey", authority[0],
             "-CAcreateserial", "-extfile", names, "-out", certificate)  # fmt: skip
    return key, certificate


def _openssl(*arguments: str | Path) -> None:
    subprocess.run([program("openssl"), *arguments], check=True, timeout=60, capture_output=True)
