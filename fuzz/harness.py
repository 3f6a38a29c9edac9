"""Feed random octets to one parser: it may refuse with its own errors and nothing else.

    python fuzz/harness.py --list
    python fuzz/harness.py cookies -max_total_time=60 fuzz/corpus/cookies
"""

from __future__ import annotations

import io
import sys


def text(data: bytes) -> str:
    return data.decode("latin-1")


def fields(data: bytes) -> None:
    from tropea.core.fields import FieldError, check_name, check_status, check_value

    for check in (check_name, check_value, check_status):
        try:
            kept = check(text(data))
        except FieldError:
            continue
        assert not set(kept) & set("\r\n\0")


def cookies(data: bytes) -> None:
    from tropea.core.cookies import parse_cookie_header

    parse_cookie_header(text(data))


def ranges(data: bytes) -> None:
    from tropea.core.entitytags import EntityTag
    from tropea.core.ranges import Unsatisfiable, if_range_holds, parse_ranges

    try:
        parse_ranges(text(data), 1000)
    except Unsatisfiable:
        pass
    if_range_holds(text(data), EntityTag("tag", weak=False), 784111777)


def tags(data: bytes) -> None:
    from tropea.core.entitytags import parse_list

    parse_list(text(data))


def dates(data: bytes) -> None:
    from tropea.core.dates import parse_date

    parse_date(text(data))


def directives(data: bytes) -> None:
    from tropea.core.directives import parse_directives, parse_names, parse_vary, split_list, unquote

    for parse in (parse_directives, parse_names, parse_vary, split_list, unquote):
        parse(text(data))


def negotiation(data: bytes) -> None:
    from tropea.core.negotiation import accepted_codings, choose_coding, parse_quality_list

    accepted_codings(text(data))
    parse_quality_list(text(data))
    choose_coding(text(data), ["br", "gzip"])


def mediatypes(data: bytes) -> None:
    from tropea.core.mediatypes import parse_media_type

    parse_media_type(text(data))


def forwarded(data: bytes) -> None:
    from tropea.core.forwarded import Trust, read_forwarded, read_node

    read_forwarded(text(data), "10.0.0.1", Trust((), 1))
    read_node(text(data))


def multipart(data: bytes) -> None:
    from tropea.core.exceptions import HTTPException
    from tropea.core.forms import read_form

    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data; boundary=b",
               "CONTENT_LENGTH": str(len(data)), "wsgi.input": io.BytesIO(data)}  # fmt: skip
    try:
        read_form(environ)
    except HTTPException as refused:
        assert 400 <= refused.status_int < 500


def patterns(data: bytes) -> None:
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.dispatch import DispatcherApp

    warnings.simplefilter("ignore")
    try:
        DispatcherApp().match("/" + text(data), GET=lambda request, *_, **__: "")
    except TropeaError:
        pass


def rules(data: bytes) -> None:
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.rewrite import apache_rules

    warnings.simplefilter("ignore")
    try:
        apache_rules("RewriteRule " + text(data))
    except TropeaError:
        pass


def sealed(data: bytes) -> None:
    from tropea.core.testing import make_environ
    from tropea.sessions import SessionMiddleware, SignedCookieStore

    def app(environ, start_response):
        assert not dict(environ["tropea.session"])
        start_response("200 OK", [])
        return []

    layer = SessionMiddleware(app, store=SignedCookieStore("the secret of this harness, long enough"))
    for _ in layer(make_environ(HTTP_COOKIE="session=" + text(data)), lambda *head: None):
        pass


HARNESSES = {f.__name__: f for f in (fields, cookies, ranges, tags, dates, directives, negotiation, mediatypes,
                                     forwarded, multipart, patterns, rules, sealed)}  # fmt: skip


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in HARNESSES:
        print("\n".join(HARNESSES))
        raise SystemExit(0 if "--list" in sys.argv else 2)
    try:
        import atheris
    except ImportError:
        raise SystemExit("fuzz: atheris is not installed (pip install atheris)") from None
    target = HARNESSES[sys.argv.pop(1)]
    with atheris.instrument_imports(include=["tropea"]):
        target(b"a")  # what it imports is instrumented
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
