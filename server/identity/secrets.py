"""Codes and tokens: 256 random bits each, kept only as SHA-256.

A fast hash is right here, and a slow one such as argon2 wrong: it protects what people choose, and nobody guesses 256
random bits, while every request would pay for it.
"""

import hashlib
import secrets


def new_code() -> str:
    return secrets.token_urlsafe(32)


def fingerprint(code: str) -> str:
    """What is stored of ``code``, in hexadecimal."""
    return hashlib.sha256(code.encode()).hexdigest()
