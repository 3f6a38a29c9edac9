"""A request's fields: those of its query, those of its body, and files."""

from __future__ import annotations

from typing import Any, Final, cast

from tropea.core.forms import Pairs, read_form
from tropea.core.foundation import webob
from tropea.core.inputs import refuse
from tropea.core.mediatypes import parse_media_type
from tropea.core.multidict import MultiDict
from tropea.core.query import TooManyFields, parse_fields, parse_leniently
from tropea.core.request_body import OWN_OPTIONS, BodyProperties, Consumed
from tropea.core.request_options import DEFAULTS, OPTIONS_KEY
from tropea.core.uploads import FileUpload, text_field

_FORM: Final = "tropea.core.form"
_FIELDS: Final = "tropea.core.form_fields"
_QUERY: Final = "tropea.core.query"
_NOTHING: Any = object()
_webob: Any = webob.multidict  # webob's dictionaries, beside our own


class FormProperties(BodyProperties):
    """The properties of a request that hold fields."""

    method: Any

    @property
    def query(self) -> MultiDict[str, str]:
        """The fields of the query."""
        environ = self.environ
        text = environ.get("QUERY_STRING", "")
        memo = environ.get(_QUERY)
        if memo is not None and memo[1] == text:
            return cast("MultiDict[str, str]", memo[0])
        options = environ.get(OWN_OPTIONS) or environ.get(OPTIONS_KEY) or self.default_options
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
        if kind and self.method not in {"GET", "HEAD"}:
            pairs = self._form_pairs()
        else:  # webob reads no body with these
            known = parse_media_type(kind)[0] in self.options.form_mime_types
            pairs = [] if known or self.method == "POST" else None
        if pairs is None:
            return _webob.NoVars(f"Not an HTML form submission (Content-Type: {kind})")
        found = _webob.MultiDict.__new__(_webob.MultiDict)
        found._items = list(pairs)  # noqa: SLF001
        environ["webob._parsed_post_vars"] = (found, environ.get("wsgi.input"))
        return found

    def _form_pairs(self) -> Pairs | None:
        """Read the form once; what it was read from stays readable, or says why it does not."""
        environ = self.environ
        stream = environ.get("wsgi.input")
        memo = environ.get(_FORM)
        if memo is not None and memo[1] is stream:
            return cast("Pairs", memo[0])
        seekable = environ.get("webob.is_body_seekable")
        if seekable and stream is not None:
            stream.seek(0)
        try:
            found = read_form(environ, self.options)
        except BaseException as error:
            if not seekable:
                environ["wsgi.input"] = Consumed(error)
            raise
        if found is None:
            return None
        pairs, body = found
        if seekable and stream is not None:
            stream.seek(0)
        elif body is not None:
            self.keep_body(body)
        else:
            environ["wsgi.input"] = Consumed()
        environ[_FORM] = (pairs, environ.get("wsgi.input"))
        return pairs
