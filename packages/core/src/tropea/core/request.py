"""The request: webob's, with the fields, files and properties that handlers ask for.

Nothing is parsed before it is asked for.  What was parsed is kept in the environ, so that every
object made for one environ sees the same, and so that the environ holds no reference back to its
request: such a circle would leave every request to the garbage collector.
"""

from __future__ import annotations

from io import BytesIO
from types import SimpleNamespace
from typing import Any, Final, Self, cast
from weakref import ReferenceType as _Reference

from tropea.core import keys
from tropea.core.cookies import Cookie, cookie_pairs, decode_value, parse_cookie_header
from tropea.core.errors import TropeaError
from tropea.core.forms import Pairs, read_form
from tropea.core.foundation import webob
from tropea.core.getters import Getters
from tropea.core.inputs import LimitedInput, open_input, read_body, refuse, spool
from tropea.core.jsonvalues import JsonDict, parse_json
from tropea.core.mediatypes import parameter, parse_media_type, text_codec
from tropea.core.multidict import MultiDict
from tropea.core.provided import session
from tropea.core.query import TooManyFields, parse_fields, parse_leniently
from tropea.core.request_fields import FieldProperties
from tropea.core.request_options import DEFAULTS, OPTIONS_KEY, URLENCODED, RequestOptions
from tropea.core.request_uris import URIProperties
from tropea.core.uploads import FileUpload, text_field

_FORM, _FIELDS, _QUERY, _JSON = (
    f"tropea.core.{name}" for name in ("form", "form_fields", "query", "json")
)
_INPUT, _OPTIONS, _DB = (f"tropea.core.{name}" for name in ("input", "own_options", "db"))
_REQUEST: Final = keys.REQUEST
_NOTHING: Any = object()
_new = object.__new__
_webob: Any = webob.multidict  # webob's dictionaries, beside our own


class BodyConsumed(TropeaError):
    """A body was asked for that a form has been read from, or that could not be read."""


class _Consumed:
    """Stands in for an input that was read: reading on could wait for ever."""

    def __init__(self, failure: BaseException | None = None) -> None:
        self._failure = failure

    def read(self, size: int = -1) -> bytes:
        raise self._failure or BodyConsumed(
            "the body was consumed when its form was read; RequestOptions.keep_body keeps more"
        )

    readline = readlines = __iter__ = read


def _kept(key: str, doc: str) -> property:
    """A property whose value is the environ's, None at first."""

    def write(self: Any, value: Any) -> None:
        self.environ[key] = value

    return property(lambda self: self.environ.get(key), write, doc=doc)


class Request(FieldProperties, URIProperties, Getters, webob.Request):  # type: ignore[misc]  # untyped
    """A request, as handlers see it.

    >>> request = Request.blank("/?id=7&tag=a&tag=b")
    >>> request["tag"], request.getlist("tag"), request.query.getint("id")
    ('a', ['a', 'b'], 7)
    """

    user = _kept(keys.USER, "Who the request was authenticated as; None at first.")
    api = _kept(keys.API, "The validated API request; None at first.")
    db = _kept(_DB, "A place for a database connection; None at first.")

    __slots__ = ("environ",)  # quicker to set and to get than by way of webob's __setattr__

    def __new__(cls, environ: dict[str, Any], *args: Any, **kwargs: Any) -> Self:
        if not args and not kwargs and type(environ) is dict:
            return cls.of(environ)
        made = object.__new__(cls)
        _set_environ(made, environ)
        return made

    def __init__(self, environ: dict[str, Any], *args: Any, **kwargs: Any) -> None:
        if args or kwargs or type(environ) is not dict:
            super().__init__(environ, *args, **kwargs)

    @classmethod
    def of(cls, environ: dict[str, Any]) -> Self:
        """Return the request of *environ*: one object, for as long as anybody holds it.

        The environ has it under ``tropea.request``, as a weak reference.  A copy of the environ
        gets a request of its own.

        >>> environ = {"REQUEST_METHOD": "GET"}
        >>> request = Request.of(environ)
        >>> Request.of(environ) is request, Request.of(dict(environ)) is request
        (True, False)
        """
        memo = environ.get(_REQUEST)
        if memo is not None:
            request = memo() if type(memo) is _Reference else memo
            if isinstance(request, cls) and request.environ is environ:
                return request
        made = _new(cls)
        _set_environ(made, environ)
        environ[_REQUEST] = _Reference(made)
        return made

    def __getattr__(self, name: str) -> Any:
        """Values that somebody set, then CGI variables: ``request.server_name``."""
        if name[:1] != "_" and name != "environ":
            environ = self.environ
            values = environ.get("webob.adhoc_attrs")
            if values is not None and name in values:
                return values[name]
            value = environ.get(name.upper(), _NOTHING)
            if value is not _NOTHING:
                return value
        raise AttributeError(f"the request has no {name!r}, and no variable {name.upper()!r}")

    @property
    def options(self) -> RequestOptions:
        """The limits of this request: its own, those that a layer gave, or those of the class."""
        environ = self.environ
        return cast(
            "RequestOptions",
            environ.get(_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options,
        )

    @options.setter
    def options(self, value: RequestOptions) -> None:
        self.environ[_OPTIONS] = value

    #: What a subclass sets for its application.
    default_options = DEFAULTS

    @property
    def state(self) -> SimpleNamespace:
        """A namespace that layers and handlers share for this request."""
        return cast("SimpleNamespace", self.environ.setdefault(keys.STATE, SimpleNamespace()))

    @property
    def session(self) -> Any:
        """The session; NoSession, which names the layer, where there is none."""
        return session(self.environ)

    # -- query ------------------------------------------------------------------------------

    @property
    def query(self) -> MultiDict[str, str]:
        """The fields of the query."""
        environ = self.environ
        text = environ.get("QUERY_STRING", "")
        memo = environ.get(_QUERY)
        if memo is not None and memo[1] == text:
            return cast("MultiDict[str, str]", memo[0])
        options = environ.get(_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options
        if options is DEFAULTS and len(text) < options.max_fields:  # it cannot have more fields
            fields = MultiDict.from_pairs(parse_leniently(text))
        else:
            fields = MultiDict.from_pairs(self._query_pairs(text))
        environ[_QUERY] = (fields, text)
        return fields

    @query.setter
    def query(self, value: Any) -> None:
        fields = value if isinstance(value, MultiDict) else MultiDict(value)
        self.environ[_QUERY] = (fields, self.environ.get("QUERY_STRING", ""))

    args = query

    def _query_pairs(self, text: str, separators: str = "&") -> list[tuple[str, str]]:
        options = self.options
        try:
            return parse_fields(
                text,
                keep_blank_values=options.keep_blank_values,
                strict=options.strict_parsing,
                max_fields=options.max_fields,
                separators=separators,
            )
        except TooManyFields as error:
            refuse("BadRequest", f"The query has {error}.", error)
        except ValueError as error:
            refuse("BadRequest", f"The query cannot be read: {error}.", error)

    @property
    def GET(self) -> Any:  # noqa: N802
        """The fields of the query, as webob's dictionary."""
        environ = self.environ
        text = environ.get("QUERY_STRING", "")
        memo = environ.get("webob._parsed_query_vars")
        if memo is not None and memo[1] == text:
            return memo[0]
        found = _webob.GetDict.__new__(_webob.GetDict)
        found.env = environ
        found._items = self._query_pairs(text, "&;")  # noqa: SLF001
        environ["webob._parsed_query_vars"] = (found, text)
        return found

    # -- form -------------------------------------------------------------------------------

    @property
    def form(self) -> MultiDict[str, Any]:
        """The fields of the body for POST, PUT and PATCH, files among them; else of the query.

        Writable.  Empty where the body is no form; :meth:`read_form` reads the body whatever the
        method is.
        """
        environ = self.environ
        memo = environ.get(_FIELDS)
        if memo is not None and memo[1] is environ.get("wsgi.input"):
            return cast("MultiDict[str, Any]", memo[0])
        if self.method in self.options.form_methods:
            return self.read_form()
        fields = self.query.copy()
        environ[_FIELDS] = (fields, environ.get("wsgi.input"))
        return fields

    @form.setter
    def form(self, value: Any) -> None:
        fields = value if isinstance(value, MultiDict) else MultiDict(value)
        self.environ[_FIELDS] = (fields, self.environ.get("wsgi.input"))

    def read_form(self) -> MultiDict[str, Any]:
        """Read the form in the body whatever the method is, and make it :attr:`form`."""
        fields = MultiDict.from_pairs(list(self._form_pairs() or ()))
        self.environ[_FIELDS] = (fields, self.environ.get("wsgi.input"))
        return fields

    @property
    def files(self) -> MultiDict[str, FileUpload]:
        """The files of the form."""
        if self.method not in self.options.form_methods and _FIELDS not in self.environ:
            return MultiDict()
        return MultiDict.from_pairs(
            [(name, value) for name, value in self.form.allitems() if isinstance(value, FileUpload)]
        )

    def getstorage(self, name: str, default: Any = None) -> Any:
        """Return the upload of that name, or a field of text in an upload's clothes."""
        value = self.form.get(name, _NOTHING)
        if value is _NOTHING:
            return default
        return text_field(name, value) if isinstance(value, str) else value

    @property
    def POST(self) -> Any:  # noqa: N802
        """The fields of the body, as webob's dictionary; its NoVars where the body is no form."""
        environ = self.environ
        memo = environ.get("webob._parsed_post_vars")
        if memo is not None and memo[1] is environ.get("wsgi.input"):
            return memo[0]
        kind = environ.get("CONTENT_TYPE", "")
        if not kind and self.method == "POST":
            kind = URLENCODED
        pairs = self._form_pairs(kind)
        if pairs is None:
            return _webob.NoVars(f"Not an HTML form submission (Content-Type: {kind})")
        found = _webob.MultiDict.__new__(_webob.MultiDict)
        found._items = list(pairs)  # noqa: SLF001
        environ["webob._parsed_post_vars"] = (found, environ["wsgi.input"])
        return found

    def _form_pairs(self, kind: str | None = None) -> Pairs | None:
        """Read the form once; what it was read from stays readable, or says why it does not."""
        environ = self.environ
        stream = environ.get("wsgi.input")
        memo = environ.get(_FORM)
        if memo is not None and memo[1] is stream:
            return cast("Pairs", memo[0])
        seekable = environ.get("webob.is_body_seekable")
        if seekable and stream is not None:
            stream.seek(0)
        described = environ if kind is None else {**environ, "CONTENT_TYPE": kind}
        try:
            found = read_form(described, self.options)
        except BaseException as error:
            if not seekable:
                environ["wsgi.input"] = _Consumed(error)
            raise
        if found is None:
            return None
        pairs, body = found
        if seekable and stream is not None:
            stream.seek(0)
        elif body is not None:
            self._keep(body)
        else:
            environ["wsgi.input"] = _Consumed()
        environ[_FORM] = (pairs, environ.get("wsgi.input"))
        return pairs

    def get(self, key: str, default: Any = None) -> Any:
        """Return the first value of a field of the form, or *default*."""
        return self.form.get(key, default)

    def __getitem__(self, key: str) -> Any:
        """Return the first value of a field; RequestArgsKeyError (a KeyError, 400) when missing."""
        return self.form.getfirst(key, required=True)

    def __contains__(self, key: object) -> bool:
        return key in self.form

    def _values(self, key: Any) -> list[Any]:
        return self.form._values(key)  # noqa: SLF001

    # -- body -------------------------------------------------------------------------------

    @property
    def input(self) -> LimitedInput:
        """The body as a file that ends where the body does."""
        environ = self.environ
        raw = environ.get("wsgi.input")
        memo = environ.get(_INPUT)
        if memo is None or memo[1] is not raw:
            memo = environ[_INPUT] = (open_input(environ, self.options.max_body), raw)
        return cast("LimitedInput", memo[0])

    def _read(self, limit: int) -> bytes:
        """Read the whole body, and leave it to be read again."""
        environ = self.environ
        if environ.get("webob.is_body_seekable"):
            stream = environ["wsgi.input"]
            stream.seek(0)
            body: bytes = stream.read()
            stream.seek(0)
            return body
        try:
            body = read_body(environ, limit)
        except BaseException as error:
            environ["wsgi.input"] = _Consumed(error)
            raise
        self._keep(body)
        return body

    def _keep(self, body: bytes) -> None:
        environ = self.environ
        environ["wsgi.input"] = BytesIO(body)
        if not environ.get("CONTENT_LENGTH"):
            environ["CONTENT_LENGTH"] = str(len(body))
        environ["webob.is_body_seekable"] = True

    @property
    def body(self) -> bytes:
        """The whole body; it can be read again."""
        return self._read(self.options.max_body)

    @body.setter
    def body(self, value: bytes) -> None:
        webob.Request.body.fset(self, value)

    @body.deleter
    def body(self) -> None:
        self.body = b""

    def copy_body(self) -> None:
        """Put a copy of the body, one that can be read again, in the place of the input."""
        environ = self.environ
        if environ.get("webob.is_body_seekable"):
            environ["wsgi.input"].seek(0)
            environ["CONTENT_LENGTH"] = str(len(environ["wsgi.input"].read()))
            environ["wsgi.input"].seek(0)
            environ.pop("webob.is_body_seekable")
        source = open_input(environ, self.options.max_body)
        copy, length = spool(source, self.request_body_tempfile_limit)
        environ["wsgi.input"] = copy
        environ["CONTENT_LENGTH"] = str(length)
        environ["webob.is_body_seekable"] = True

    @property
    def text(self) -> str:
        """The whole body as text, in the charset of Content-Type or UTF-8."""
        codec = self._codec() or "utf-8"
        try:
            return self.body.decode(codec)
        except UnicodeError as error:
            refuse("BadRequest", f"The body is not {codec}.", error)

    @text.setter
    def text(self, value: str) -> None:
        webob.Request.text.fset(self, value)

    @text.deleter
    def text(self) -> None:
        self.body = b""

    def _codec(self) -> str | None:
        kind = self.environ.get("CONTENT_TYPE", "")
        if "charset" not in kind.lower():
            return None
        try:
            charset = parameter(parse_media_type(kind)[1], "charset")
            return text_codec(charset) if charset else None
        except ValueError as error:
            refuse("BadRequest", f"The Content-Type cannot be used: {error}.", error)

    @property
    def is_json(self) -> bool:
        """Whether the Content-Type says JSON: one of ``json_mime_types``, or ``+json``."""
        kind = self.mime_type
        return kind in self.options.json_mime_types or kind.endswith("+json")

    @property
    def json(self) -> Any:
        """The JSON document in the body; objects and arrays have the getters of a form.

        An empty JsonDict where the body is a form, or where there is neither body nor type.
        Raises BadRequest with the reason for malformed JSON, UnsupportedMediaType for a type
        that is neither JSON nor a form.
        """
        environ = self.environ
        memo = environ.get(_JSON)
        if memo is not None and memo[1] is environ.get("wsgi.input"):
            return memo[0]
        options = environ.get(_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options
        kind = environ.get("CONTENT_TYPE", "")
        plain = kind in options.json_mime_types
        if not plain and not self.is_json:
            mime = self.mime_type
            if mime in options.form_mime_types:
                return JsonDict()
            if mime:
                refuse("UnsupportedMediaType", f"Expected JSON, got {mime[:100]}.")
        body = self._read(options.max_held)
        if not body and not kind:
            return JsonDict()
        codec = None if plain else self._codec()
        try:
            value = parse_json(body, charset=codec, max_depth=options.max_json_depth)
        except ValueError as error:
            refuse("BadRequest", f"The JSON cannot be read: {error}.", error)
        environ[_JSON] = (value, environ["wsgi.input"])
        return value

    @json.setter
    def json(self, value: Any) -> None:
        webob.Request.json.fset(self, value)

    @json.deleter
    def json(self) -> None:
        self.body = b""

    json_body = json

    # -- cookies ----------------------------------------------------------------------------

    @property
    def cookies(self) -> Any:
        """The cookies as webob's dictionary of text; of two with one name the first counts.

        A browser sends the cookie of the longest path first (RFC 6265 section 5.4).
        """
        environ = self.environ
        header = environ.get("HTTP_COOKIE", "")
        memo = environ.get("webob._parsed_cookies")
        if memo is None or memo[1] != header:
            found: dict[str, str] = {}
            for name, value in cookie_pairs(header):
                if name not in found:
                    found[name] = decode_value(value)
            environ["webob._parsed_cookies"] = (found, header)
        return webob.cookies.RequestCookies(environ)

    @cookies.setter
    def cookies(self, value: Any) -> None:
        webob.Request.cookies.fset(self, value)

    @property
    def cookie_dict(self) -> dict[str, Cookie]:
        """Each cookie's name with the first Cookie of that name."""
        found: dict[str, Cookie] = {}
        for cookie in self._cookies():
            found.setdefault(cookie.name, cookie)
        return found

    def cookies_by_name(self, name: str) -> list[Cookie]:
        """List the cookies of that name, in the order the client sent them."""
        return [cookie for cookie in self._cookies() if cookie.name == name]

    def _cookies(self) -> list[Cookie]:
        return parse_cookie_header(self.environ.get("HTTP_COOKIE"))

    def log_error(self, message: object) -> None:
        """Write one line to the server's error log; what could end the line is escaped."""
        text = str(message).encode("unicode_escape").decode("ascii")
        self.environ["wsgi.errors"].write(f"{text}\n")

    def __repr__(self) -> str:
        environ = self.environ
        return f"<{type(self).__name__} {environ.get('REQUEST_METHOD', 'GET')} {self.path}>"


_set_environ = Request.__dict__["environ"].__set__
