"""A TLS client context for the simulator's tests."""

from __future__ import annotations

import ssl

from hub_simulators.pki import PemPair, TestPki


def client_context(pki: TestPki, pair: PemPair | None) -> ssl.SSLContext:
    """Return a context that trusts the test PKI and shows `pair`."""
    context = ssl.create_default_context(cafile=str(pki.trust_file))
    if pair is not None:
        context.load_cert_chain(pair.certificate, pair.key)
    return context
