"""How secrets are kept: PINs and badges by argon2id, random ones by SHA-256. No secret is ever stored as it is."""

from __future__ import annotations

import hashlib
import secrets
import threading
from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerificationError
from argon2.low_level import hash_secret_raw

LANES = 1
DIGEST_BYTES = 32
AT_ONCE = threading.BoundedSemaphore(2)
"""Argon2 is made to cost memory; a flood of sign-ins must not take all that the station has."""


@dataclass(frozen=True, slots=True)
class Hashing:
    """What one try costs whoever guesses; the default is RFC 9106's for small memory."""

    passes: int = 3
    memory_kib: int = 64 * 1024

    def pin_hash(self, pin: str) -> str:
        """With a salt of its own, in the usual form that names its parameters."""
        with AT_ONCE:
            return self._hasher.hash(pin)

    def is_pin(self, pin: str, kept: str | None) -> bool:
        """Whether this is the PIN; without a kept one it costs the same time and is not."""
        with AT_ONCE:
            if kept is None:
                self._hasher.hash(pin)
                return False
            try:
                return self._hasher.verify(kept, pin)
            except VerificationError:
                return False

    def badge_digest(self, badge: str, salt: str) -> str:
        """One salt for a whole database, so that the code alone finds its person; as slow to guess as a PIN."""
        with AT_ONCE:
            raw = hash_secret_raw(
                badge.encode(), bytes.fromhex(salt), self.passes, self.memory_kib, LANES, DIGEST_BYTES, Type.ID
            )
        return raw.hex()

    @property
    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(self.passes, self.memory_kib, LANES)


def new_secret() -> str:
    """256 random bits, in letters that fit a header and a cookie."""
    return secrets.token_urlsafe(32)


def new_salt() -> str:
    return secrets.token_hex(16)


def random_digest(secret: str) -> str:
    """Digest of a random secret: nobody can guess 256 bits, so that a fast one does."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
