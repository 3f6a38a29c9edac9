"""Whatever a client sends, the answer is short and never a 5xx, in time that is linear."""

from functools import partial
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.openapi import OpenAPIMiddleware
from tropea.openapi.converting import Plain
from tropea.openapi.schemas import Schema, changes
from tropea.openapi.specification import Specification

ANYTHING = st.text(alphabet=st.characters(max_codepoint=255))
KINDS = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=b",
    "text/plain",
]


def item(schema):
    return {"type": "array", "items": schema}


SCHEMA = {
    "type": "object",
    "properties": {
        "n": {"type": "number", "multipleOf": 0.01},
        "u": {"type": "array", "uniqueItems": True},
    },
}
PARAMETERS = [
    {"name": "p", "in": "path", "required": True, "schema": {"type": "integer"}},
    {"name": "q", "in": "query", "schema": item({"type": "integer"}), "explode": False},
    {
        "name": "o",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object"},
    },
    {"name": "j", "in": "query", "content": {"application/json": {"schema": {"type": "array"}}}},
    {
        "name": "X-H",
        "in": "header",
        "schema": {"type": "object", "properties": {"a": {"type": "integer"}}},
    },
    {"name": "c", "in": "cookie", "schema": {"type": "number"}},
]
OPERATION = {
    "parameters": PARAMETERS,
    "requestBody": {"content": {kind.partition(";")[0]: {"schema": SCHEMA} for kind in KINDS}},
    "responses": {"200": {"description": "ok"}},
}
SPEC = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {"/x/{p}": {"post": OPERATION}},
}


def app(environ, start_response):
    start_response("200 OK", [])
    return []


LAYER = OpenAPIMiddleware(app, SPEC)


def send(layer=LAYER, path="/x/1", body=b"", **environ):
    heads = []
    given = {"REQUEST_METHOD": "POST", "PATH_INFO": path, "CONTENT_LENGTH": str(len(body)),
             "wsgi.input": io.BytesIO(body), **environ}  # fmt: skip
    page = b"".join(layer(given, lambda *head: heads.append(head)))
    status = int(heads[0][0][:3])
    assert status < 500 and len(page) < 20_000
    assert all("\n" not in value and "\r" not in value for _, value in heads[0][1])
    return status, page


@settings(deadline=None, max_examples=150)
@given(
    path=ANYTHING,
    query=ANYTHING,
    header=ANYTHING,
    cookie=ANYTHING,
    kind=st.one_of(st.sampled_from(KINDS), ANYTHING),
    body=st.binary(),
    length=st.one_of(st.none(), ANYTHING),
)
def test_no_request_makes_the_layer_fail(path, query, header, cookie, kind, body, length):
    more = {} if length is None else {"CONTENT_LENGTH": length}
    for path in (f"/x/{path}", "/x/1"):
        send(
            path=path,
            body=body,
            QUERY_STRING=query,
            HTTP_X_H=header,
            HTTP_COOKIE=f"c={cookie}",
            CONTENT_TYPE=kind,
            **more,
        )


JSON = {"CONTENT_TYPE": "application/json"}


@pytest.mark.parametrize("body", [
    b'{"n": 1e400}', b'{"n": ' + b"9" * 4000 + b"}", b'{"n": ' + b"9" * 6000 + b"}", b"[" * 100_000, b'{"a":' * 20_000,
    b"\xef\xbb\xbf{}", b'"\\ud800"', b'{"n": -Infinity}', b"\x00", b"{}" * 10, json.dumps({"u": [[]] * 300}).encode(),
])  # fmt: skip
def test_json_that_was_made_to_hurt(body):
    send(body=body, **JSON)


@pytest.mark.parametrize("query", [
    "&" * 100_000, "q=" + "1," * 50_000, "q=" + "%" * 10_000, "o[" * 10_000, "&".join(f"o[{n}]=1" for n in range(900)),
    "j=" + "[" * 50_000, "q=%00", "q=%ff%fe", "=&=&", "q",
])  # fmt: skip
def test_queries_that_were_made_to_hurt(query):
    assert send(QUERY_STRING=query)[0] in {200, 400}


def test_a_message_never_holds_the_whole_value():
    spec = {**SPEC, "paths": {"/x": {"post": {**OPERATION, "parameters": [
        {"name": "q", "in": "query", "schema": {"enum": ["a"]}}]}}}}  # fmt: skip
    status, page = send(OpenAPIMiddleware(app, spec), "/x", QUERY_STRING="q=" + "z" * 5000)
    assert status == 400 and len(page) < 600


def test_a_body_with_many_problems_names_a_few():
    schema = item({"type": "integer"})
    operation = {
        "requestBody": {"content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "ok"}},
    }
    layer = OpenAPIMiddleware(app, {**SPEC, "paths": {"/x": {"post": operation}}})
    status, page = send(layer, "/x", b'["a"' + b', "a"' * 20_000 + b"]", **JSON)
    assert status == 422 and len(json.loads(page)["errors"]) == 20


@pytest.mark.parametrize("make", [
    lambda n: {"QUERY_STRING": "q=" + "1," * n},
    lambda n: {"QUERY_STRING": "p[" * n},
    lambda n: {"HTTP_X_H": "a," * n},
    lambda n: {"HTTP_COOKIE": "c=1; " * n},
    lambda n: {"CONTENT_TYPE": "multipart/form-data; " + "a=b;" * n, "body": b"x"},
    lambda n: {"body": json.dumps({"u": [n if n % 2 else str(n) for n in range(n // 4)]}).encode(), **JSON},
    lambda n: {"body": json.dumps({"u": [n * (2**61 - 1) for n in range(n // 8)]}).encode(), **JSON},
    lambda n: {"body": b'{"a": [' + b"1," * n + b"1]}", **JSON},
    lambda n: {"HTTP_AUTHORIZATION": "Bearer " + " " * n},
])  # fmt: skip
def test_a_request_four_times_as_long_takes_four_times_as_long(make):
    assert_linear(lambda size: partial(send, **make(size)), 20_000)


@pytest.mark.parametrize(("items", "status"), [
    ([1, 2, "1", True, None, [1], {"a": 1}, 1.5], 200), ([1, 1.0], 422), ([1, True, 0, False], 200), ([[1, 2], [2, 1]], 200),
    ([{"a": 1, "b": 2}, {"b": 2, "a": 1}], 422), ([["a", "b"], ["a,s1:b"]], 200), ([None, None], 422), ([10**20, 1e20], 422),
])  # fmt: skip
def test_unique_items_are_told_as_json_schema_tells_them(items, status):
    assert send(body=json.dumps({"u": items}).encode(), **JSON)[0] == status


# -- unmarshalling in one pass does what openapi-core does

LEAF = st.sampled_from([
    {"type": "integer"}, {"type": "string"}, {"type": "string", "format": "date"}, {"type": "string", "format": "uuid"},
    {"type": "string", "format": "date-time"}, {"type": "string", "format": "byte"}, {"type": "boolean", "default": True},
])  # fmt: skip
OPTIONAL = LEAF.map(lambda one: {"anyOf": [one, {"type": "null"}]})
# openapi-core leaves what is inside an optional array or object as it is; see the last test.
SCHEMAS = st.recursive(
    st.one_of(LEAF, OPTIONAL),
    lambda inner: st.one_of(
        inner.map(item),
        st.dictionaries(st.sampled_from("abc"), inner, min_size=1, max_size=3).map(
            lambda p: {"type": "object", "properties": p}
        ),
        inner.map(lambda one: {"type": "object", "additionalProperties": one}),
    ),
    max_leaves=5,
)
TEXTS = {
    "date": "2020-01-02",
    "uuid": "12345678-1234-5678-1234-567812345678",
    "date-time": "2020-01-02T03:04:05Z",
    "byte": "YWJj",
}


def value_of(schema, draw):
    """Make a value that fits the schema; optional properties may be left out."""
    if "anyOf" in schema:
        return draw(st.one_of(st.none(), st.just(value_of(schema["anyOf"][0], draw))))
    kind = schema["type"]
    if kind == "array":
        return [value_of(schema["items"], draw) for _ in range(draw(st.integers(0, 2)))]
    if kind == "object":
        properties = schema.get("properties", {})
        found = {
            name: value_of(one, draw) for name, one in properties.items() if draw(st.booleans())
        }
        if "additionalProperties" in schema:
            found["extra"] = value_of(schema["additionalProperties"], draw)
        return found
    return {"integer": 5, "boolean": False, "string": TEXTS.get(schema.get("format"), "text")}[kind]


@settings(deadline=None, max_examples=60)
@given(schema=SCHEMAS, data=st.data())
def test_unmarshalling_in_one_pass_equals_openapi_core(schema, data):
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"S": schema}},
    }
    spec = Specification(document, check=False)
    path = spec.root / "components" / "schemas" / "S"
    made = Schema(spec, path)
    value = value_of(schema, data.draw)
    assert made.errors(value) == []
    expected = made._unmarshaller.unmarshal(value)
    assert (
        Plain(made._unmarshaller.formats_unmarshaller.format_unmarshallers).compile(path)(value)
        == expected
    )
    assert made.convert(value) == expected
    assert changes(schema, document, set()) or expected == value


def test_what_is_inside_an_optional_value_is_unmarshalled_too():
    optional = {"anyOf": [item({"type": "string", "format": "date"}), {"type": "null"}]}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"S": optional}},
    }
    spec = Specification(document)
    made = Schema(spec, spec.root / "components" / "schemas" / "S")
    assert [day.year for day in made.convert(["2020-01-02"])] == [2020]
    assert made.convert(None) is None


def test_schemas_that_choose_by_value_are_left_to_openapi_core():
    dated = {
        "type": "object",
        "required": ["day"],
        "properties": {"day": {"type": "string", "format": "date"}},
    }
    schema = {
        "oneOf": [
            dated,
            {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}},
        ]
    }
    document = {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {},
        "components": {"schemas": {"S": schema}},
    }
    spec = Specification(document)
    made = Schema(spec, spec.root / "components" / "schemas" / "S")
    assert made.convert({"day": "2020-01-02"})["day"].year == 2020
    assert made.convert({"n": 1}) == {"n": 1}
