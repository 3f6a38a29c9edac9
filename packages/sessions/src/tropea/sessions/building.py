"""Build what serves a layer's sessions, from its options."""

from __future__ import annotations

from tropea.sessions.clientside import ClientSide, client_rules
from tropea.sessions.codecs import codec_named
from tropea.sessions.mapping import Backend
from tropea.sessions.options import SessionOptions
from tropea.sessions.querystring import QueryRules
from tropea.sessions.serverside import Rules, ServerSide
from tropea.sessions.stores.cookie import CookieStore
from tropea.sessions.timeouts import Timeouts


def build_backend(options: SessionOptions) -> Backend:
    """Return what loads and saves the sessions that *options* describe."""
    timeouts = Timeouts(options.idle_timeout, options.absolute_timeout)
    rules = Rules(
        timeouts,
        touch_every=touch_interval(options.touch_every, options.idle_timeout),
        rolling=options.rolling,
        anonymous=options.on_store_error == "anonymous",
        on_conflict=options.on_conflict,
        importer=options.importer,
    )
    codec = codec_named(options.codec)
    if isinstance(options.store, CookieStore):
        cookies = client_rules(options.cookie_rules())
        return ClientSide(options.store, cookies, rules, codec, options.clock)
    if options.persist == "querystring":
        return ServerSide(options.store, QueryRules(options.name), rules, codec, options.clock)
    return ServerSide(options.store, options.cookie_rules(), rules, codec, options.clock)


def touch_interval(given: float | None, idle: float | None) -> float:
    """Return the seconds between two touches of a session that is only read."""
    if given is not None:
        return given
    return 60.0 if idle is None else min(idle / 30, 60.0)
