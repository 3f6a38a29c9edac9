"""Digest, Basic and Bearer authentication and address lists as WSGI middleware."""

from tropea.auth.addresses import AddressMiddleware
from tropea.auth.basic import BasicAuthMiddleware
from tropea.auth.bearer import BearerAuthMiddleware, InsufficientScope
from tropea.auth.digestauth import DigestAuthMiddleware, check_digest
from tropea.auth.nonces import MemoryReplays, SQLiteReplays
from tropea.auth.passwordmap import PasswordError, PasswordMap
from tropea.auth.rates import FailureRate
from tropea.auth.verifiers import Htpasswd, hash_scrypt, verify_hash

__all__ = [
    "AddressMiddleware",
    "BasicAuthMiddleware",
    "BearerAuthMiddleware",
    "DigestAuthMiddleware",
    "FailureRate",
    "Htpasswd",
    "InsufficientScope",
    "MemoryReplays",
    "PasswordError",
    "PasswordMap",
    "SQLiteReplays",
    "check_digest",
    "hash_scrypt",
    "verify_hash",
]
