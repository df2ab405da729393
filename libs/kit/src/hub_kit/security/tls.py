"""TLS contexts: towards Kafka, between services, and towards outside systems with a key that never touches the disk."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from hub_kit.errors import ConfigurationError


def kafka_client_context(ca: Path, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Verifies the broker, and shows our certificate if given. Raises ConfigurationError."""
    return _client(ca, cert, key)


def internal_client_context(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    """Towards another service of the hub, both sides with certificates of the hub's own authority."""
    return _client(ca, cert, key)


def internal_server_context(ca: Path, cert: Path, key: Path) -> ssl.SSLContext:
    """A server that takes only clients with a certificate of `ca`. Raises ConfigurationError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, ca, cert, key)
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["http/1.1"])
    return context


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A public server, without client certificates. Raises ConfigurationError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, None, cert, key)
    context.set_alpn_protocols(["http/1.1"])
    return context


def client_context_from_memory(cert_pem: bytes, key_pem: bytes, ca_pem: bytes) -> ssl.SSLContext:
    """A client context whose only trust is `ca_pem` and whose key comes from memory and leaves no file behind.

    `cert_pem` may hold the chain. Raises ConfigurationError when the certificate, key or authority is unreadable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=ca_pem.decode("ascii"))
        _load_chain_from_memory(context, cert_pem, key_pem)
    except (ssl.SSLError, ValueError, TypeError):
        raise ConfigurationError("a certificate, its key or its authority is not readable PEM") from None
    return context


def _load_chain_from_memory(context: ssl.SSLContext, cert_pem: bytes, key_pem: bytes) -> None:
    """OpenSSL's Python binding wants a path: an anonymous file in memory, else an encrypted temporary file."""
    if hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir():
        handle = os.memfd_create("hub-tls", os.MFD_CLOEXEC)
        try:
            os.write(handle, key_pem + b"\n" + cert_pem)
            context.load_cert_chain(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
        return
    load_chain_from_encrypted_file(context, cert_pem, key_pem)


def load_chain_from_encrypted_file(context: ssl.SSLContext, cert_pem: bytes, key_pem: bytes) -> None:
    """The fallback where there is no memfd: a file under a random password, removed before this returns."""
    password = secrets.token_urlsafe(32)
    key = load_pem_private_key(key_pem, None)
    sealed = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode()))
    handle, name = tempfile.mkstemp(prefix="hub-tls-")
    try:
        os.write(handle, sealed + b"\n" + cert_pem)
        context.load_cert_chain(name, password=password)
    finally:
        os.close(handle)
        Path(name).unlink()


def _client(ca: Path, cert: Path | None, key: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, ca, cert, key)
    return context


def _load(context: ssl.SSLContext, ca: Path | None, cert: Path | None, key: Path | None) -> None:
    try:
        if ca is not None:
            context.load_verify_locations(cafile=ca)
        if cert is not None:
            context.load_cert_chain(cert, key)
    except OSError as error:  # ssl.SSLError included
        files = ", ".join(str(path) for path in (ca, cert, key) if path is not None)
        raise ConfigurationError(f"TLS files can't be used ({type(error).__name__}): {files}") from None
