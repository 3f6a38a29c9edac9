r"""Conditions that a Rule can depend on, besides its pattern.

>>> mobile = header("User-Agent", "Mobile") & ~path_query("full", "1")
>>> mobile({"HTTP_USER_AGENT": "A Mobile thing", "QUERY_STRING": "full=0"})
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from tropea.core.fields import check_name
from tropea.rewrite.errors import RuleError
from tropea.rewrite.patterns import compile_pattern

Environ = Mapping[str, Any]


class Condition:
    """A test of a request's environ; ``&``, ``|`` and ``~`` combine them.

    vary: header fields that it looks at.  only_host: the one host that it holds for, or "".
    """

    __slots__ = ("_test", "only_host", "text", "vary")

    def __init__(
        self,
        test: Callable[[Environ], bool],
        text: str,
        *,
        vary: tuple[str, ...] = (),
        only_host: str = "",
    ) -> None:
        self._test, self.text, self.vary, self.only_host = test, text, vary, only_host

    def __call__(self, environ: Environ) -> bool:
        return self._test(environ)

    def __and__(self, other: Condition) -> Condition:
        return Condition(
            lambda environ: self(environ) and other(environ),
            f"({self.text} and {other.text})",
            vary=(*self.vary, *other.vary),
            only_host=self.only_host or other.only_host,
        )

    def __or__(self, other: Condition) -> Condition:
        return Condition(
            lambda environ: self(environ) or other(environ),
            f"({self.text} or {other.text})",
            vary=(*self.vary, *other.vary),
            only_host=self.only_host if self.only_host == other.only_host else "",
        )

    def __invert__(self) -> Condition:
        return Condition(lambda environ: not self(environ), f"not {self.text}", vary=self.vary)

    def __repr__(self) -> str:
        return f"<Condition {self.text}>"


def method(*names: str) -> Condition:
    """Hold for requests with one of these methods.

    >>> method("GET", "HEAD")({"REQUEST_METHOD": "POST"})
    False
    """
    known = frozenset(name.upper() for name in names)
    return Condition(
        lambda environ: environ.get("REQUEST_METHOD") in known, f"method in {sorted(known)}"
    )


def host(*names: str) -> Condition:
    """Hold for requests for one of these hosts; ``*.example.com`` is any host below it.

    The port is not looked at, letters compare without case, and the root's dot at the end is left
    off.  Raises RuleError for a name with a port.

    >>> host("*.example.com")({"HTTP_HOST": "Shop.Example.com:8080"})
    True
    """
    for name in names:
        if host_name({"HTTP_HOST": name}) != name.lower():
            raise RuleError(f"host: expected a name without a port or a dot at its end: {name!r}")
    exact = frozenset(name.lower() for name in names if not name.startswith("*."))
    below = tuple(name[1:].lower() for name in names if name.startswith("*."))

    def test(environ: Environ) -> bool:
        name = host_name(environ)
        return name in exact or (bool(below) and name.endswith(below))

    only = next(iter(exact)) if len(exact) == 1 and not below else ""
    return Condition(test, f"host in {sorted(names)}", only_host=only)


def host_name(environ: Environ) -> str:
    """Return the host that the request is for, in lower case and without its port."""
    field: str = environ.get("HTTP_HOST") or environ.get("SERVER_NAME") or ""
    name, colon, port = field.lower().rpartition(":")
    return (name if colon and port.isdigit() else field.lower()).removesuffix(".")


def scheme(name: str) -> Condition:
    """Hold for requests that came by this scheme, ``http`` or ``https``.

    >>> scheme("https")({"wsgi.url_scheme": "http"})
    False
    """
    return Condition(lambda environ: environ.get("wsgi.url_scheme") == name, f"scheme is {name}")


def header(name: str, pattern: str | None = None, *, ignore_case: bool = True) -> Condition:
    r"""Hold where a request header is there and, if a pattern is given, matches it somewhere.

    The field is named in Vary where the condition decides.

    >>> header("Accept", r"\bjson\b")({"HTTP_ACCEPT": "application/json"})
    True
    """
    key = check_name(name).upper().replace("-", "_")
    if key not in {"CONTENT_TYPE", "CONTENT_LENGTH"}:
        key = f"HTTP_{key}"
    test, text = _matches(key, pattern, ignore_case=ignore_case)
    return Condition(test, f"header {name}{text}", vary=() if name.lower() == "host" else (name,))


def environ(key: str, pattern: str | None = None, *, ignore_case: bool = False) -> Condition:
    r"""Hold where a text of the environ is there and, if a pattern is given, matches it somewhere.

    >>> environ("REMOTE_ADDR", r"^10\.")({"REMOTE_ADDR": "10.0.0.7"})
    True
    """
    test, text = _matches(key, pattern, ignore_case=ignore_case)
    return Condition(test, f"environ {key}{text}")


def _matches(
    key: str, pattern: str | None, *, ignore_case: bool
) -> tuple[Callable[[Environ], bool], str]:
    if pattern is None:
        return lambda environ: key in environ, ""
    search = compile_pattern(pattern, ignore_case=ignore_case).search

    def test(environ: Environ) -> bool:
        value = environ.get(key)
        return isinstance(value, str) and search(value) is not None

    return test, f" matches {pattern!r}"


def path_query(name: str, pattern: str | None = None) -> Condition:
    """Hold where the query has an argument, with a value that matches wholly if a pattern is given.

    >>> path_query("id", r"[0-9]+")({"QUERY_STRING": "a=1&id=42"})
    True
    """
    whole = compile_pattern(pattern).fullmatch if pattern is not None else None

    def test(environ: Environ) -> bool:
        for key, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
            if key == name and (whole is None or whole(value)):
                return True
        return False

    return Condition(test, f"query has {name}" + (f"={pattern}" if pattern is not None else ""))


def query(pattern: str) -> Condition:
    """Hold where the raw query matches the pattern somewhere.

    >>> query(r"(^|&)debug(=|&|$)")({"QUERY_STRING": "a=1&debug"})
    True
    """
    search = compile_pattern(pattern).search
    return Condition(
        lambda environ: search(environ.get("QUERY_STRING", "")) is not None,
        f"query matches {pattern!r}",
    )


def predicate(test: Callable[[Environ], Any], text: str = "") -> Condition:
    """Hold where a function of the environ says so.

    >>> predicate(lambda environ: environ["x"] > 3)({"x": 4})
    True
    """
    if not callable(test):
        raise RuleError(f"expected a function of the environ, got {test!r}")
    name = text or getattr(test, "__name__", repr(test))
    return Condition(lambda environ: bool(test(environ)), name)
