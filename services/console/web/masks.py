"""How persons, claims, warnings and dead letters are named where nobody may see whose they are.

In: an id. Out: a token, the id encrypted, which an address may hold and only this console can read back; and a short pseudonym for the eye. The same id has
the same token wherever MEDAID_CONSOLE_SECRET is the same, so that a page can be bookmarked; without the secret a token tells nothing but that two are equal.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b, sha512
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

Kind = Literal["person", "claim", "warning", "letter"]

HIDDEN = "•••"
"""In the place of what is masked."""


class Masks:
    """Tokens and pseudonyms under the keys of one site."""

    def __init__(self, secret: str = "") -> None:
        """With an empty `secret` the keys are this process's alone."""
        seed = secret.encode() or secrets.token_bytes(32)
        self._cipher = AESSIV(sha512(b"medaid console tokens" + seed).digest())
        self._key = sha512(b"medaid console pseudonyms" + seed).digest()
        self.session_key = sha512(b"medaid console sessions" + seed).hexdigest()

    def token(self, kind: Kind, text: str) -> str:
        """The token of an id."""
        return urlsafe_b64encode(self._cipher.encrypt(text.encode(), [kind.encode()])).decode().rstrip("=")

    def open(self, kind: Kind, token: str) -> str | None:
        """The id behind a token; None where it is none of ours, or of another kind."""
        try:
            return self._cipher.decrypt(urlsafe_b64decode(token + "=" * (-len(token) % 4)), [kind.encode()]).decode()
        except (InvalidTag, ValueError):  # too short, or no base64
            return None

    def pseudonym(self, text: str) -> str:
        """A short name for the eye: equal ids have equal ones."""
        return blake2b(text.encode(), key=self._key, digest_size=5).hexdigest()
