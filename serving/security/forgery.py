"""Cross-site request forgery: a page's writes carry a token that only our own pages can know."""

import hashlib
import hmac
import secrets

from serving.problems import ForgeryError

HEADER = "x-csrf-token"
FIELD = "csrf_token"
LOGIN_COOKIE = "overread_login"


class Forgery:
    """Makes and checks tokens bound to a session's nonce, or to the login page's own cookie."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def token(self, nonce: str) -> str:
        """Return the token of a session (or of the login cookie's value)."""
        return hmac.new(self._secret, b"csrf|" + nonce.encode(), hashlib.sha256).hexdigest()

    def require(self, nonce: str, given: str | None) -> None:
        """Raise `ForgeryError` unless `given` is the token of `nonce`."""
        if not nonce or not given or not hmac.compare_digest(self.token(nonce).encode(), given.encode()):
            raise ForgeryError

    @staticmethod
    def new_nonce() -> str:
        """Return a value for the login page's cookie."""
        return secrets.token_urlsafe(16)
