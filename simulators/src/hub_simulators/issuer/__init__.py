"""Token issuer for LGO accounts: OAuth2 client credentials, RFC 9068 access tokens, JWKS with rotation."""

from hub_simulators.issuer.accounts import Account, AccountBook, hash_secret
from hub_simulators.issuer.app import IssuerSettings, build_issuer
from hub_simulators.issuer.keys import KeyRing
from hub_simulators.issuer.server import TokenIssuer

__all__ = ["Account", "AccountBook", "IssuerSettings", "KeyRing", "TokenIssuer", "build_issuer", "hash_secret"]
