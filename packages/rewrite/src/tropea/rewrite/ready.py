"""Rules that most sites want, ready to be put into a list."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.fields import check_fields
from tropea.rewrite import conditions as on
from tropea.rewrite.errors import RuleError
from tropea.rewrite.locations import is_host
from tropea.rewrite.rules import Rule

_REST = "/(?P<rest>.*)"


def canonical_host(host: str, *, scheme: str | None = None, status: int = 301) -> list[Rule]:
    """Redirect requests for any other host to this one, path and query kept.

    host: with its port where that is not the scheme's own.
    scheme: the scheme to redirect to; None keeps the request's.

    >>> from tropea.rewrite.rules import RuleList
    >>> rules = RuleList(canonical_host("www.example.com"))
    >>> rules.decide("/a", "b=1", {"HTTP_HOST": "example.com", "wsgi.url_scheme": "https"}).location
    'https://www.example.com/a?b=1'
    """
    if not is_host(host):
        raise RuleError(f"canonical_host: expected a host, got {host!r}")
    elsewhere = on.predicate(
        lambda environ: environ.get("HTTP_HOST", "").lower() != host.lower(), f"host is not {host}"
    )
    schemes = [scheme] if scheme else ["http", "https"]
    return [
        Rule(
            _REST,
            f"{name}://{host}/{{rest}}",
            status,
            when=[elsewhere] if scheme else [elsewhere, on.scheme(name)],
        )
        for name in schemes
    ]


def https(host: str | None = None, *, status: int = 301) -> Rule:
    """Redirect requests that came by http to https.

    host: where to; None takes the request's own Host, if that is sound (else the answer is 400).

    >>> from tropea.rewrite.rules import RuleList
    >>> environ = {"HTTP_HOST": "www.example.com", "wsgi.url_scheme": "http"}
    >>> RuleList([https()]).decide("/a", "", environ).location
    'https://www.example.com/a'
    """
    if host is not None and not is_host(host):
        raise RuleError(f"https: expected a host, got {host!r}")
    place = host or "{host}"
    return Rule(_REST, f"https://{place}/{{rest}}", status, when=on.scheme("http"))


def trailing_slash(*, add: bool = True, status: int = 301) -> Rule:
    """Redirect paths without a slash at the end to the one with it, or the other way round.

    A path whose last segment has a dot is a file's and stays.  Only GET and HEAD are redirected.

    >>> from tropea.rewrite.rules import RuleList
    >>> environ = {"REQUEST_METHOD": "GET"}
    >>> RuleList([trailing_slash()]).decide("/a/b", "", environ).location
    '/a/b/'
    >>> RuleList([trailing_slash(add=False)]).decide("/a/b//", "", environ).location
    '/a/b'
    """
    when = on.method("GET", "HEAD")
    if add:
        return Rule(r"(?P<path>(?:/[^/]*)*/[^/.]+)", "{path}/", status, when=when)
    return Rule(r".*[^/]/+", lambda match: match[0].rstrip("/"), status, when=when)


def lower_case(*, status: int = 301) -> Rule:
    """Redirect paths with capital letters to lower case.

    >>> from tropea.rewrite.rules import RuleList
    >>> RuleList([lower_case()]).decide("/About/Us", "", {"REQUEST_METHOD": "GET"}).location
    '/about/us'
    """
    return Rule(
        r"[^A-Z]*[A-Z].*", lambda match: match[0].lower(), status, when=on.method("GET", "HEAD")
    )


def index_html(*names: str, status: int = 301) -> Rule:
    """Redirect a folder's page called by its name, such as /a/index.html, to the folder.

    >>> from tropea.rewrite.rules import RuleList
    >>> RuleList([index_html()]).decide("/a/index.html", "", {"REQUEST_METHOD": "GET"}).location
    '/a/'
    """
    import re

    known = "|".join(re.escape(name) for name in names or ("index.html", "index.htm"))
    return Rule(
        rf"(?P<folder>(?:/[^/]+)*/)(?:{known})", "{folder}", status, when=on.method("GET", "HEAD")
    )


def maintenance(
    answer: WSGIApplication | str = "We are working on the site and will be back soon.",
    *,
    retry_after: int = 600,
    allow: Iterable[str] = (),
    active: Callable[[], Any] | None = None,
) -> Rule:
    """Answer everything with 503 while the site is worked on.

    answer: an application, or the text of the page.  retry_after: seconds, for Retry-After.
    allow: addresses and networks of clients that get through.
    active: asked at each request whether the site is closed; None: it is.

    >>> rule = maintenance(allow=["10.0.0.0/8"])
    >>> rule.when[0]({"REMOTE_ADDR": "10.1.2.3"})
    False
    """
    networks = [ipaddress.ip_network(text, strict=False) for text in allow]

    def closed(environ: on.Environ) -> bool:
        if active is not None and not active():
            return False
        try:
            client = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
        except ValueError:
            return True
        client = getattr(client, "ipv4_mapped", None) or client  # from a socket for both families
        return not any(client in network for network in networks)

    app = answer if callable(answer) else _unavailable(answer, retry_after)
    return Rule(".*", None, app, when=[on.predicate(closed, "the site is closed")])


def _unavailable(text: str, retry_after: int) -> WSGIApplication:
    body = f"{text}\n".encode()
    fields = check_fields(
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Retry-After", str(int(retry_after))),
            ("Cache-Control", "no-store"),
        ]
    )

    def unavailable(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("503 Service Unavailable", list(fields))
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    return unavailable
