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


def boundaries(data: bytes) -> None:
    """The first line is the Content-Type, the rest the body: a client chooses both."""
    from tropea.core.exceptions import HTTPException
    from tropea.core.forms import read_form

    kind, _, body = data.partition(b"\n")
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": "multipart/form-data;" + text(kind),
               "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}  # fmt: skip
    try:
        read_form(environ)
    except HTTPException as refused:
        assert 400 <= refused.status_int < 500


def queries(data: bytes) -> None:
    from tropea.core import Request
    from tropea.core.exceptions import HTTPException
    from tropea.core.testing import make_environ

    environ = make_environ(QUERY_STRING=text(data), REQUEST_METHOD="POST", CONTENT_TYPE="application/x-www-form-urlencoded",
                           CONTENT_LENGTH=str(len(data)), **{"wsgi.input": io.BytesIO(data)})  # fmt: skip
    for name in ("query", "form"):
        try:
            for key, value in getattr(Request(environ), name).allitems():
                assert isinstance(key, str) and isinstance(value, str)
        except HTTPException as refused:
            assert 400 <= refused.status_int < 500


def hosts(data: bytes) -> None:
    from tropea.core import Request
    from tropea.core.foundation import webob
    from tropea.core.testing import make_environ

    request = Request(make_environ(HTTP_HOST=text(data)))
    for name in ("host", "host_url", "application_uri", "request_uri", "domain", "host_port"):
        try:
            made = getattr(request, name)
        except webob.exc.HTTPBadRequest:
            continue
        assert not set(str(made)) & set("\r\n\0 <>\"\\")


def authorization(data: bytes) -> None:
    from tropea.auth.authorization import basic_credentials, parse_authorization, user_of

    for scheme in ("", "Basic ", "Digest ", "Bearer "):
        read = parse_authorization(scheme + text(data))
        if read is not None:
            assert read.scheme == read.scheme.lower()
            basic_credentials(read)
            user_of(read.parameters)


def structured(data: bytes) -> None:
    from tropea.caching.cachecontrol import delta_seconds, parse_cache_control
    from tropea.caching.structured import parse_dictionary, parse_strings

    parse_dictionary(text(data))
    assert all(type(word) is str for word in parse_strings(text(data)))
    for value in parse_cache_control(text(data)).values():
        assert 0 <= delta_seconds(value) <= 2**31


def paths(data: bytes) -> None:
    from tropea.static.paths import read_path

    read = read_path(text(data))
    for name in read.segments if read else ():
        assert name and name not in (".", "..") and not set(name) & set("/\\:\0\r\n")


def patterns(data: bytes) -> None:
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.dispatch import DispatcherApp

    warnings.simplefilter("ignore")
    try:
        DispatcherApp().match("/" + text(data), GET=lambda request, *_, **__: "")
    except TropeaError:
        pass


def rulefiles(data: bytes) -> None:
    """A whole file in Apache's language; what it reads answers a request too."""
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.core.testing import make_environ
    from tropea.rewrite import RewriteMiddleware, apache_rules

    def app(environ, start_response):
        start_response("200 OK", [])
        return []

    def start(status, headers, exc_info=None):
        assert not set(status + "".join(map("".join, headers))) & set("\r\n\0")

    warnings.simplefilter("ignore")
    try:
        read = apache_rules(text(data))
    except TropeaError:
        return
    for _ in RewriteMiddleware(app, rules=read)(make_environ(PATH_INFO="/a/b.html", QUERY_STRING="q=1"), start):
        pass


def regexes(data: bytes) -> None:
    """The patterns of rules, in PCRE's spelling, and a text that they are tried on."""
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.rewrite.patterns import compile_pattern

    warnings.simplefilter("ignore")
    source, _, subject = text(data).partition("\n")
    try:
        pattern = compile_pattern(source[:200])
    except TropeaError:
        return
    pattern.search(subject[:200])


def rules(data: bytes) -> None:
    import warnings

    from tropea.core.errors import TropeaError
    from tropea.rewrite import apache_rules

    warnings.simplefilter("ignore")
    try:
        apache_rules("RewriteRule " + text(data))
    except TropeaError:
        pass


def records(data: bytes) -> None:
    """What a store or a seal gives back, damaged."""
    from tropea.sessions.errors import RecordError
    from tropea.sessions.payloads import unpack as unpack_payload
    from tropea.sessions.records import unpack

    for read in (unpack_payload, lambda raw: unpack(raw, "i" * 43)):
        try:
            read(data)
        except RecordError:
            pass


def sealed(data: bytes) -> None:
    from tropea.core.testing import make_environ
    from tropea.sessions import SealedCookieStore, SessionMiddleware, SignedCookieStore

    def app(environ, start_response):
        assert not dict(environ["tropea.session"])
        start_response("200 OK", [])
        return []

    for kind in (SignedCookieStore, SealedCookieStore):
        if kind not in LAYERS:
            LAYERS[kind] = SessionMiddleware(app, store=kind("the secret of this harness, long enough"))
        for _ in LAYERS[kind](make_environ(HTTP_COOKIE="session=" + text(data)), lambda *head: None):
            pass


LAYERS = {}
HARNESSES = {
    f.__name__: f
    for f in (fields, cookies, ranges, tags, dates, directives, structured, negotiation, mediatypes, forwarded, authorization, hosts, queries,
              paths, multipart, boundaries, patterns, rules, rulefiles, regexes, records, sealed)
}  # fmt: skip


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
