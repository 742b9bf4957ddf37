"""The box for secrets that must be read again: shut with the installation's own key."""

import base64
from typing import Self

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.errors import EngineError


class SecretUnreadable(EngineError):
    """This secret was kept under another key of the installation. Make a new secret."""


class Box:
    """Shuts a text so that a copy of the database alone does not give it away."""

    def __init__(self, key: bytes) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    @classmethod
    def of(cls, secret_key: bytes) -> Self:
        """Return the box of an installation; its secret key signs the sessions too."""
        derive = HKDF(hashes.SHA256(), 32, salt=None, info=b"holdfast secrets of subscriptions")
        return cls(derive.derive(secret_key))

    def shut(self, text: str) -> str:
        """Return the text shut."""
        return self._fernet.encrypt(text.encode()).decode()

    def opened(self, shut: str) -> str:
        """Return the text; raises `SecretUnreadable`."""
        try:
            return self._fernet.decrypt(shut.encode()).decode()
        except InvalidToken as problem:
            raise SecretUnreadable from problem
