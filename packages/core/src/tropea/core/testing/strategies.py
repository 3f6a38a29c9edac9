"""Hypothesis strategies for what clients send: environs, fields, and text made to hurt parsers.

>>> from hypothesis import given
>>> @given(environ=environs())
... def test_anything_is_answered(environ):
...     assert call(app, environ).code < 500
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tropea.core.testing.environs import make_environ

#: Latin-1, as WSGI has text; no server lets CR, LF or NUL through in a field.
latin1 = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f")
tokens = st.text("!#$%&'*+-.^_`|~0123456789abcXYZ", min_size=1, max_size=20)
field_values = st.text(latin1 | st.just("\t"), max_size=60).map(lambda text: text.strip(" \t"))

#: Pieces that parsers trip over, joined at random.
_SHARP = (
    '"', "\\", ",", ";", "=", "/", "*", "%", "%00", "%ff", "%zz", "..", "//", "-", "0", "9" * 30,
    "bytes=", "W/", "q=", " ", "\t", "\xff", "\xb2", "a", "é", ":", "[", "]", "@", "#", "?", "&",
    "max-age=", "GMT", "Sun, 06 Nov 1994 08:49:37 GMT", "$Version=1", "\\377",
)  # fmt: skip
hostile_text = st.lists(st.sampled_from(_SHARP), max_size=12).map("".join) | field_values

methods = st.sampled_from(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"))
paths = st.lists(
    st.sampled_from(("/", "a", "..", ".", "//", "%2e", "\xc3\xa9", "\xff", "\\", ":", " ", "\x00")),
    max_size=10,
).map(lambda pieces: "/" + "".join(pieces))

cookie_headers = (
    st.lists(st.tuples(tokens, hostile_text), max_size=6).map(
        lambda pairs: "; ".join(f"{name}={value}" for name, value in pairs)
    )
    | hostile_text
)
range_headers = hostile_text | st.lists(
    st.tuples(st.integers(0, 200) | st.just(""), st.integers(0, 200) | st.just("")), max_size=5
).map(lambda pairs: "bytes=" + ",".join(f"{first}-{last}" for first, last in pairs))

_FIELDS = (
    "HTTP_HOST", "HTTP_ACCEPT", "HTTP_ACCEPT_ENCODING", "HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH",
    "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_IF_RANGE", "HTTP_CACHE_CONTROL",
    "HTTP_AUTHORIZATION", "HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_CONNECTION",
    "CONTENT_TYPE", "CONTENT_LENGTH", "QUERY_STRING",
)  # fmt: skip


@st.composite
def environs(draw: Any, /, **fixed: Any) -> Any:
    """Make environs of requests that a client is free to send; *fixed* keys are kept."""
    made: dict[str, Any] = {
        "PATH_INFO": draw(paths),
        "REQUEST_METHOD": draw(methods),
        "body": draw(st.binary(max_size=40)),
    }
    made.update(draw(st.dictionaries(st.sampled_from(_FIELDS), hostile_text, max_size=4)))
    if draw(st.booleans()):
        made["HTTP_COOKIE"] = draw(cookie_headers)
    if draw(st.booleans()):
        made["HTTP_RANGE"] = draw(range_headers)
    return make_environ(**{**made, **fixed})


@st.composite
def header_lists(draw: Any, /) -> Any:
    """Make lists of fields that an application may send."""
    names = st.sampled_from(("X-A", "Vary", "Cache-Control", "ETag", "Link")) | tokens
    return draw(st.lists(st.tuples(names, field_values), max_size=6))
