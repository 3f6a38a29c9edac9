"""Parameters are read in every style and place, strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib.parse import quote

from tropea.openapi import styles
from tropea.openapi.casting import Shape, cast

INTEGERS = {"type": "array", "items": {"type": "integer"}}
POINT = {
    "type": "object",
    "properties": {"x": {"type": "integer"}, "y": {"type": "boolean"}},
    "required": ["x"],
}


@pytest.fixture
def read(spec_of, visit):
    """Read one parameter of a request; return its status and value."""

    def ask(place, schema, path="/x", name="p", value=None, **more):
        facts = {
            "name": name,
            "in": place,
            "schema": schema,
            **{k: v for k, v in more.items() if not k.isupper()},
        }
        template = "/x/{p}" if place == "path" else "/x"
        if place == "path":
            facts["required"] = True
        visitor = visit(spec_of({"parameters": [facts]}, path=template))
        status, page = visitor.ask("GET", path, **{k: v for k, v in more.items() if k.isupper()})
        return page[place].get(name) if status == 200 else status

    return ask


class TestStyles:
    @pytest.mark.parametrize(("schema", "query", "more", "value"), [
        (INTEGERS, "p=3&p=4", {}, [3, 4]),
        (INTEGERS, "p=3,4", {"explode": False}, [3, 4]),
        (INTEGERS, "p=3%2C4", {"explode": False}, [3, 4]),
        (INTEGERS, "p=3%204", {"explode": False, "style": "spaceDelimited"}, [3, 4]),
        (INTEGERS, "p=3+4", {"explode": False, "style": "spaceDelimited"}, [3, 4]),
        (INTEGERS, "p=3|4", {"explode": False, "style": "pipeDelimited"}, [3, 4]),
        (INTEGERS, "p=3%7C4", {"explode": False, "style": "pipeDelimited"}, [3, 4]),
        (POINT, "p[x]=1&p[y]=true", {"style": "deepObject", "explode": True}, {"x": 1, "y": True}),
        (POINT, "p%5Bx%5D=1", {"style": "deepObject", "explode": True}, {"x": 1}),
        (POINT, "x=1&y=false&z=2", {}, {"x": 1, "y": False}),
        (POINT, "p=x,1,y,true", {"explode": False}, {"x": 1, "y": True}),
        (POINT, "p=x,1,y", {"explode": False}, 400),
        (POINT, "p[x]=1&p[x]=2", {"style": "deepObject", "explode": True}, 400),
        (INTEGERS, "p=3&p=", {}, 400),
        ({"type": "array", "items": {"type": "string"}}, "p=a%2Cb,c", {"explode": False}, ["a,b", "c"]),
    ])  # fmt: skip
    def test_query(self, read, schema, query, more, value):
        assert read("query", schema, f"/x?{query}", **more) == value

    @pytest.mark.parametrize(("schema", "text", "more", "value"), [
        ({"type": "integer"}, "7", {}, 7),
        (INTEGERS, "3,4", {}, [3, 4]),
        (POINT, "x,1,y,true", {}, {"x": 1, "y": True}),
        (POINT, "x=1,y=true", {"explode": True}, {"x": 1, "y": True}),
        ({"type": "integer"}, ".7", {"style": "label"}, 7),
        (INTEGERS, ".3,4", {"style": "label"}, [3, 4]),
        (INTEGERS, ".3.4", {"style": "label", "explode": True}, [3, 4]),
        (POINT, ".x=1.y=true", {"style": "label", "explode": True}, {"x": 1, "y": True}),
        ({"type": "integer"}, ";p=7", {"style": "matrix"}, 7),
        (INTEGERS, ";p=3,4", {"style": "matrix"}, [3, 4]),
        (INTEGERS, ";p=3;p=4", {"style": "matrix", "explode": True}, [3, 4]),
        (POINT, ";x=1;y=true", {"style": "matrix", "explode": True}, {"x": 1, "y": True}),
        ({"type": "integer"}, "7", {"style": "matrix"}, 400),
        ({"type": "integer"}, ";q=7", {"style": "matrix"}, 400),
        ({"type": "integer"}, "7", {"style": "label"}, 400),
    ])  # fmt: skip
    def test_path(self, read, schema, text, more, value):
        assert read("path", schema, f"/x/{text}", **more) == value

    def test_header_and_cookie(self, read):
        assert read("header", INTEGERS, name="X-P", HTTP_X_P="3, 4") == [3, 4]
        assert read("header", POINT, name="X-P", HTTP_X_P="x=1,y=true", explode=True) == {
            "x": 1,
            "y": True,
        }
        assert read("cookie", {"type": "integer"}, HTTP_COOKIE="a=1; p=5") == 5
        assert read("cookie", INTEGERS, HTTP_COOKIE="p=3,4", explode=False) == [3, 4]
        assert read("header", {"type": "string"}, name="X-P", HTTP_X_P="\xc3\xa9") == "é"

    @pytest.mark.parametrize("name", ["Accept", "content-type", "Authorization"])
    def test_fields_of_http_itself_are_no_parameters(self, spec_of, visit, name):
        facts = {"name": name, "in": "header", "required": True, "schema": {"type": "integer"}}
        assert visit(spec_of({"parameters": [facts]})).ask("GET", "/x")[0] == 200

    def test_a_parameter_whose_content_is_json(self, spec_of, visit):
        facts = {"name": "p", "in": "query", "content": {"application/json": {"schema": POINT}}}
        visitor = visit(spec_of({"parameters": [facts]}))
        assert visitor.ask("GET", "/x?p=%7B%22x%22:1%7D")[1]["query"] == {"p": {"x": 1}}
        assert visitor.ask("GET", "/x?p=%7B")[0] == 400
        assert visitor.ask("GET", "/x?p=%7B%7D")[0] == 400

    def test_a_parameter_of_the_operation_replaces_the_one_of_its_path(self, spec_of, visit):
        spec = spec_of(
            {"parameters": [{"name": "p", "in": "query", "schema": {"type": "integer"}}]}
        )
        spec["paths"]["/x"]["parameters"] = [
            {"name": "p", "in": "query", "required": True, "schema": {"type": "boolean"}}
        ]
        visitor = visit(spec)
        assert visitor.ask("GET", "/x?p=5")[1]["query"] == {"p": 5}
        assert visitor.ask("GET", "/x")[0] == 200

    def test_a_default_is_the_requests_own(self, spec_of, visit):
        schema = {"type": "array", "items": {"type": "integer"}, "default": [1]}
        seen = []

        def app(environ, start_response):
            seen.append(list(environ["tropea.api"].query["p"]))
            environ["tropea.api"].query["p"].append(2)
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [b"ok"]

        visitor = visit(
            spec_of({"parameters": [{"name": "p", "in": "query", "schema": schema}]}), app
        )
        visitor.get("/x"), visitor.get("/x")
        assert seen == [[1], [1]]


class TestTypes:
    @pytest.mark.parametrize(("schema", "text", "value"), [
        ({"type": "integer"}, "-0", 0), ({"type": "integer"}, "007", 400), ({"type": "integer"}, "+5", 400),
        ({"type": "integer"}, "1_0", 400), ({"type": "integer"}, "5.0", 400), ({"type": "integer"}, "%20 5", 400),
        ({"type": "integer"}, "9" * 1500, 400),
        ({"type": "number"}, "1e2", 100.0), ({"type": "number"}, "5", 5), ({"type": "number"}, "nan", 400),
        ({"type": "number"}, "inf", 400), ({"type": "number"}, "1e999", 400), ({"type": "number"}, ".5", 400),
        ({"type": "boolean"}, "true", True), ({"type": "boolean"}, "True", 400), ({"type": "boolean"}, "1", 400),
        ({"type": ["integer", "null"]}, "5", 5), ({"type": ["integer", "string"]}, "5", 5),
        ({"type": ["integer", "string"]}, "x", "x"), ({"type": "string"}, "", ""), ({"type": "string"}, "null", "null"),
        ({"enum": ["a", 3]}, "3", 3), ({"enum": ["a", 3]}, "a", "a"), ({"enum": ["a", 3]}, "4", 400),
        ({"anyOf": [{"type": "integer"}, {"type": "boolean"}]}, "true", True), ({}, "5", "5"),
        ({"type": "string", "format": "date"}, "2020-13-01", 400), ({"type": "string", "format": "own"}, "x", "x"),
    ])  # fmt: skip
    def test_text_becomes_json_strictly(self, read, schema, text, value):
        found = read("query", schema, f"/x?p={text}")
        assert (found, type(found)) == (value, type(value))

    @given(
        st.one_of(st.integers(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False))
    )
    def test_what_json_writes_is_read_back(self, value):
        import json

        kind = {bool: "boolean", int: "integer", float: "number"}[type(value)]
        assert cast(json.dumps(value), Shape(frozenset({kind}))) == value


class TestProperties:
    @given(st.lists(st.text(), min_size=1, max_size=5))
    def test_a_list_that_was_quoted_item_by_item_is_read_back(self, items):
        try:
            raw = ",".join(quote(item, safe="") for item in items)
        except UnicodeEncodeError:
            return
        if len(items) > 1:
            assert styles.read_query([("p", raw)], "p", "array", "form", explode=False) == items

    @given(
        st.text(alphabet="abp[]=,&;.%+ 0é"),
        st.sampled_from(["scalar", "array", "object"]),
        st.booleans(),
    )
    def test_no_text_makes_a_style_fail_but_with_value_error(self, text, kind, explode):
        readers = [
            lambda: styles.read_simple(text, kind, explode=explode),
            lambda: styles.read_label(text, kind, explode=explode),
            lambda: styles.read_matrix(text, "p", kind, explode=explode),
            lambda: styles.read_query(
                styles.raw_fields(text), "p", kind, "form", explode=explode, properties=("a",)
            ),
            lambda: styles.read_query(
                styles.raw_fields(text), "p", kind, "deepObject", explode=explode
            ),
            lambda: styles.read_cookie({"p": text}, "p", kind, explode=explode),
        ]
        for reader in readers:
            try:
                value = reader()
            except ValueError as error:
                assert str(error)
            else:
                assert value is None or isinstance(value, (str, list, dict))


@pytest.mark.parametrize(
    ("style", "explode", "text"),
    [
        ("simple", True, "R=1,R=2"),
        ("simple", False, "R,1,R,2"),
        ("label", True, ".R=1.R=2"),
        ("matrix", True, ";R=1;R=2"),
        ("matrix", False, ";x=R,1,R,2"),
    ],
)
def test_a_property_that_is_given_twice_is_refused_in_every_style(
    visit, spec_of, style, explode, text
):
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    parameter = {"name": "x", "in": "path", "required": True, "schema": schema}
    parameter |= {"style": style, "explode": explode}
    client = visit(spec_of({"parameters": [parameter]}, path="/p/{x}"))
    status, page = client.ask("GET", f"/p/{text}")
    assert (status, page["errors"][0]["message"]) == (400, "has 'R' more than once")
