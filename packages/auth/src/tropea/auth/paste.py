"""The entry points of Paste Deploy."""

from tropea.auth.addresses import AddressMiddleware
from tropea.auth.basic import BasicAuthMiddleware
from tropea.auth.bearer import BearerAuthMiddleware
from tropea.auth.digestauth import DigestAuthMiddleware
from tropea.core.paste import filter_factory

digest = filter_factory(DigestAuthMiddleware)
basic = filter_factory(BasicAuthMiddleware, "basic")
bearer = filter_factory(BearerAuthMiddleware, "bearer")
addresses = filter_factory(AddressMiddleware, "addresses")
