r"""The layer that rewrites, redirects and refuses.

Thin by intent: take path and query from the environ, ask the rules, carry the verdict out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from tropea.core.fields import Fields, add_vary, check_fields, set_field
from tropea.core.keys import TRACE
from tropea.core.layer import Layer
from tropea.rewrite.chain import RuleChain
from tropea.rewrite.rules import Rule
from tropea.rewrite.verdicts import Verdict

#: Where the environ keeps the path and the query that the client asked for.
ORIGINAL = "tropea.rewrite.original"
#: Where the environ keeps the handler that an H flag names.
HANDLER = "tropea.rewrite.handler"

_PHRASES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
_HTML = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Options:
    """Options of the layer.

    rules: rules, lists of them, and what apache_rules() returns, in the order to run.
    rules_file: a file of rules in Apache's language, run after *rules*.
    context: how the file is read: ``server``, or ``dir`` as a directory's own file.
    base: the URL of the directory that the file is for, in the context ``dir``.
    document_root: the folder that the file's tests look into; None where there is none.
    apps: applications that the rules' P and H flags name.
    maps: mappings and functions that the file's rules may look up; they take the place of
        RewriteMaps of the same name.
    """

    rules: Any = ()
    rules_file: str = ""
    context: Literal["server", "dir"] = "server"
    base: str = "/"
    document_root: str | None = None
    apps: Any = None
    maps: Any = None


class RewriteMiddleware(Layer):
    """Change the path that the application sees, or answer in its place, by rules.

    >>> from wsgiref.util import setup_testing_defaults
    >>> environ = {"PATH_INFO": "/old/x", "QUERY_STRING": "a=1"}
    >>> setup_testing_defaults(environ)
    >>> def app(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [environ["PATH_INFO"].encode()]
    >>> rewriter = RewriteMiddleware(app, [Rule("/old/(.*)", "/new/{1}")])
    >>> rewriter(environ, lambda status, headers: None)
    [b'/new/x']
    """

    Options = Options
    kind = "rewrite"
    provides = (ORIGINAL, HANDLER)
    inside = ("proxy", "registry", "status", "errors")
    outside = ("static", "http-cache", "conditional", "session", "auth", "dispatch")

    def prepare(self) -> None:
        options = self.options
        self.rules = RuleChain(options.rules)
        if options.rules_file:
            from tropea.rewrite.apache import apache_rules_file

            self.rules.add(
                apache_rules_file(
                    options.rules_file,
                    context=options.context,
                    base=options.base,
                    document_root=options.document_root,
                    maps=options.maps,
                )
            )
        self._apps: Mapping[str, WSGIApplication] = options.apps or {}

    def addrewrite(
        self, pattern: str, replacement: str | None, action: Any = "rewrite", **options: Any
    ) -> None:
        r"""Add a rule whose pattern sees path and query, and whose ``\1`` refers back.

        The pattern may match anywhere; the replacement takes the place of the whole.
        options: those of Rule.

        >>> rewriter = RewriteMiddleware(None)
        >>> rewriter.addrewrite(
        ...     r"(.*)/index.php\?article=(.*)$", r"\1/articles/\2", "redirect_permanent")
        >>> rewriter.rules.decide("/blog/index.php", "article=7", {}).location
        '/blog/articles/7'
        """
        given: dict[str, Any] = {"on": "path?query", "search": True, "style": "backslash"}
        self.rules.add(Rule(pattern, replacement, action, **(given | options)))

    def explain(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Any:
        """Tell what the rules make of a request, step by step; see :class:`Explanation`."""
        from tropea.rewrite.explain import explain

        return explain(self.rules, method, url, headers or {})

    def url(self, name: str, /, **values: Any) -> str:
        """Build the outer URL of the rule called *name*; see :meth:`RuleList.url`."""
        return self.rules.url(name, **values)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        get = environ.get
        path = get("PATH_INFO") or "/"
        verdict = self.rules.decide(path, get("QUERY_STRING") or "", environ)
        if TRACE in environ:
            from tropea.rewrite.telling import tell

            tell(self.rules, environ, verdict)
        if verdict is None:
            return self.call_app(environ, start_response)
        if verdict.status:
            return answer(verdict, environ, start_response)
        inner = rewritten(environ, verdict)
        app = self._find(verdict)
        if verdict.vary or verdict.cookies or verdict.content_type:
            return app(inner, adding(start_response, verdict))
        return app(inner, start_response)

    def _find(self, verdict: Verdict) -> WSGIApplication:
        """Find the application that goes on with a request."""
        app = verdict.app
        if app is None:
            named = self._apps.get(verdict.handler) if verdict.handler else None
            return named or self.app
        if not isinstance(app, str):
            return app  # type: ignore[no-any-return]
        host = app.partition("://")[2]
        return self._apps.get(app) or self._apps.get(host) or _unknown_app


def rewritten(environ: WSGIEnvironment, verdict: Verdict) -> WSGIEnvironment:
    """Return a copy of *environ* with the verdict's path, query and variables."""
    inner = environ.copy()
    inner.setdefault(ORIGINAL, (environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", "")))
    inner["PATH_INFO"] = verdict.path
    inner["QUERY_STRING"] = verdict.query
    for name, value in verdict.variables.items():
        if value is None:
            inner.pop(name, None)
        else:
            inner[name] = value
    if verdict.handler:
        inner[HANDLER] = verdict.handler
    return inner


def answer(
    verdict: Verdict, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Send the short response that a verdict with a status stands for."""
    status = _PHRASES.get(verdict.status) or f"{verdict.status} Status"
    text = status[4:]
    if verdict.location:
        text = f"{text}: {verdict.location}"
    body = f"{text}\n".encode()
    fields: Fields = [("Content-Type", _HTML), ("Content-Length", str(len(body)))]
    if verdict.location:
        fields.append(("Location", verdict.location))
    _add(fields, verdict)
    start_response(status, check_fields(fields))
    if environ.get("REQUEST_METHOD") == "HEAD":
        return []
    return [body]


def adding(start_response: StartResponse, verdict: Verdict) -> StartResponse:
    """Wrap *start_response* so that the verdict's fields go out with the head."""
    cookies = check_fields([("Set-Cookie", cookie) for cookie in verdict.cookies])
    content_type = check_fields([("Content-Type", verdict.content_type)])[0][1]

    def start(
        status: str, fields: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        fields = [*fields, *cookies]
        if verdict.vary:
            add_vary(fields, *verdict.vary)
        if content_type:
            set_field(fields, "Content-Type", content_type)
        if exc_info is not None:
            return start_response(status, fields, exc_info)
        return start_response(status, fields)

    return start


def _add(fields: Fields, verdict: Verdict) -> None:
    fields += [("Set-Cookie", cookie) for cookie in verdict.cookies]
    if verdict.vary:
        add_vary(fields, *verdict.vary)


def _unknown_app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer for a hand-over to an application that was not given."""
    return answer(Verdict("", "", 502), environ, start_response)


def urlrewriter(app: WSGIApplication | None = None, rules: Any = (), **options: Any) -> Any:
    r"""Wrap *app* in a rewriter; without *app*, return a layer.

    options: those of RewriteMiddleware.

    >>> rewriter = urlrewriter(lambda environ, start_response: [])
    >>> rewriter.addrewrite(r"^/old/(.*)$", r"/new/\1", "redirect")
    >>> rewriter.explain("GET", "/old/a").location
    '/new/a'
    """
    if app is None:
        return RewriteMiddleware.layer(rules=rules, **options)
    return RewriteMiddleware(app, rules=rules, **options)
