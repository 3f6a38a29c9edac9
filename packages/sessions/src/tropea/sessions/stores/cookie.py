"""Sessions that live in the client's cookie; the server keeps nothing.

They have a contract of their own.  Whoever changes a cookie has an empty session; a cookie holds
until its timeouts, which it carries, or until its key is removed.  Of two requests at once the
answer that arrives last holds.  And a cookie cannot be taken back: somebody who kept a copy can go
on with it after a logout, until it times out, unless ``revocations`` names a store in which ended
sessions are noted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tropea.core.errors import OptionError
from tropea.sessions.keyrings import KeyRing, Secret
from tropea.sessions.sealing import Protection, Revealed, Sealing, Signing
from tropea.sessions.stores.protocol import Store
from tropea.sessions.timeouts import LONGEST

if TYPE_CHECKING:
    from tropea.sessions.mapping import Session

Secrets = Secret | Sequence[Secret] | Mapping[str, Secret]


class CookieStore:
    """What the two kinds share: a key ring that can be replaced, and revocations.

    secrets: see ``KeyRing``; put a new one first and keep the old ones until their cookies have
        timed out.
    revocations: a store that notes ended sessions; without, a copy of a cookie outlives a logout.
    compress: data of a kilobyte or more.
    """

    def __init__(
        self, secrets: Secrets, *, revocations: Store | None = None, compress: bool = True
    ) -> None:
        if revocations is not None and not isinstance(revocations, Store):
            raise OptionError(f"revocations: expected a store, got {revocations!r}")
        self.revocations, self.compress = revocations, compress
        self._protection = self._protect_with(KeyRing(secrets))

    def rekey(self, secrets: Secrets) -> None:
        """Replace the secrets at once, for requests that come from now on."""
        self._protection = self._protect_with(KeyRing(secrets))

    def protect(self, name: str, payload: bytes) -> str:
        """Return the text of the cookie *name*."""
        return self._protection.protect(name, payload)

    def reveal(self, name: str, text: str) -> Revealed:
        """Return what a cookie of ours holds; raise SealError for any other."""
        return self._protection.reveal(name, text)

    def destroy(self, label: str, *, keep: Session | None = None) -> int:
        """End every session that carries *label*, but for *keep*; return 0: nobody counts cookies.

        Raises OptionError without ``revocations``, where nobody can end them.
        """
        from tropea.sessions.stores.labels import begin_generation

        if self.revocations is None:
            raise OptionError("a cookie cannot be revoked: give the store revocations=…")
        if keep is not None:
            keep.prepare_change()
        ended = begin_generation(self.revocations, label, (), LONGEST)
        if keep is not None:
            keep.labels[label] = ended.generation
        return 0

    def _protect_with(self, ring: KeyRing) -> Protection:
        raise AssertionError("SealedCookieStore and SignedCookieStore say how")


class SealedCookieStore(CookieStore):
    """Keep the session in the cookie, encrypted and authenticated (AES-256-GCM).

    >>> store = SealedCookieStore("a secret that nobody knows")
    >>> store.reveal("session", store.protect("session", b"data")).payload
    b'data'
    """

    def _protect_with(self, ring: KeyRing) -> Protection:
        return Sealing(ring)


class SignedCookieStore(CookieStore):
    """Keep the session in the cookie, signed: its owner can read it but not change it."""

    def _protect_with(self, ring: KeyRing) -> Protection:
        return Signing(ring)
