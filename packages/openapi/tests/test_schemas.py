"""What schemas mean: discriminators, patterns, decimals, and forms with styles of their own."""

from __future__ import annotations

import pytest

from tropea.core.testing import assert_linear
from tropea.openapi import OpenAPIMiddleware, SpecificationError
from tropea.openapi.patterns import searcher

SCHEMAS = {
    "Cat": {"type": "object", "required": ["kind", "lives"], "properties": {"kind": {"type": "string"}, "lives": {"type": "integer"}}},
    "Dog": {"type": "object", "required": ["kind", "barks"], "properties": {"kind": {"type": "string"}, "barks": {"type": "boolean"}}},
    "Anything": {"type": "object"},
    "Named": {"type": "object", "required": ["name"]},
}  # fmt: skip
PETS = [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]


@pytest.fixture
def post(visit, spec_of):
    """Return a function that sends a value to an operation with a schema."""

    def send(schema, value, version="3.1.0"):
        body = {"required": True, "content": {"application/json": {"schema": schema}}}
        spec = spec_of({"requestBody": body}, method="post", version=version)
        spec["components"] = {"schemas": SCHEMAS}
        return visit(spec).ask("POST", "/x", json=value)

    return send


class TestDiscriminator:
    @pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
    @pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
    @pytest.mark.parametrize(
        "kind",
        ["Anything", "Named", "Cat/properties/kind", "#/components/schemas/Anything", "", 1, None, {}, ["Cat"],
         "file:///etc/passwd", "http://127.0.0.1:9/x", "../schemas/Anything", "%", "\n"],
    )  # fmt: skip
    def test_a_client_chooses_among_the_schemas_beside_it_alone(self, post, version, keyword, kind):
        schema = {keyword: PETS, "discriminator": {"propertyName": "kind"}}
        status, page = post(schema, {"kind": kind, "x": 1}, version)
        assert status == 422
        assert "none of its schemas" in page["errors"][0]["message"]

    @pytest.mark.parametrize("version", ["3.0.3", "3.1.0", "3.2.0"])
    def test_the_schema_that_is_named_holds(self, post, version):
        discriminator = {
            "propertyName": "kind",
            "mapping": {"c": "Cat", "d": "#/components/schemas/Dog"},
        }
        schema = {"oneOf": PETS, "discriminator": discriminator}
        for value in (
            {"kind": "c", "lives": 9},
            {"kind": "d", "barks": True},
            {"kind": "Cat", "lives": 1},
        ):
            assert post(schema, value, version)[0] == 200
        for value in ({"kind": "c", "barks": True}, {"kind": "d", "lives": 9}, {"lives": 9}, []):
            assert post(schema, value, version)[0] == 422

    def test_a_default_stands_for_names_that_are_none(self, post):
        discriminator = {"propertyName": "kind", "defaultMapping": "Dog"}
        schema = {
            "oneOf": [*PETS, {"$ref": "#/components/schemas/Named"}],
            "discriminator": discriminator,
        }
        assert post(schema, {"kind": "wolf", "barks": False}, "3.2.0")[0] == 200
        assert post(schema, {"kind": "wolf", "name": "x"}, "3.2.0")[0] == 422

    def test_all_of_holds_beside_a_discriminator(self, post):
        schema = {
            "allOf": [{"$ref": "#/components/schemas/Named"}],
            "discriminator": {"propertyName": "kind"},
        }
        assert post(schema, {"kind": "Anything"})[0] == 422
        assert post(schema, {"kind": "Anything", "name": "x"})[0] == 200


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "good", "bad"),
        [
            ("^[a-z]+$", "ab", "ab\n"), (r"^\d+$", "12", "\u0663"), (r"^\w+$", "a_1", "\xe9"), (r"^(?<a>x)\k<a>$", "xx", "xy"),
            (r"^[$\]]$", "$", "x"), (r"^[\s]a\s$", "\xa0a\u2028", "aa"), (r"^\S$", "x", "\ufeff"), (r"^a\/b$", "a/b", "ab"),
            (r"^\u{1F600}$", "\U0001f600", "u"), ("^[[]$", "[", "x"), (r"\$$", "a$", "a$\n"), (r"^(?<!x)a$", "a", "xa"),
        ],
    )  # fmt: skip
    def test_they_are_read_as_javascript_reads_them(self, post, pattern, good, bad):
        assert post({"type": "string", "pattern": pattern}, good)[0] == 200
        assert post({"type": "string", "pattern": pattern}, bad)[0] == 422

    def test_names_are_held_against_them_as_well(self, post):
        schema = {
            "type": "object",
            "patternProperties": {"^a$": {"type": "integer"}},
            "additionalProperties": False,
        }
        assert post(schema, {"a": 1})[0] == 200
        for value in ({"a": "x"}, {"a\n": "x"}, {"b": 1}):
            assert post(schema, value)[0] == 422
        schema["additionalProperties"] = {"type": "boolean"}
        assert post(schema, {"a": 1, "a\n": True})[0] == 200
        assert post(schema, {"a": 1, "b": 1})[0] == 422

    @pytest.mark.parametrize("pattern", ["(", "[a", r"^\p{L}+$", "a**"])
    @pytest.mark.parametrize("place", ["pattern", "patternProperties", "property"])
    def test_one_that_cannot_be_read_fails_when_the_layer_is_built(self, spec_of, pattern, place):
        schema = {"pattern": pattern}
        if place == "patternProperties":
            schema = {"patternProperties": {pattern: {}}}
        if place == "property":
            schema = {"properties": {"pattern": {"type": "string", "pattern": pattern}}}
        parameter = {"name": "q", "in": "query", "schema": schema}
        with pytest.raises(SpecificationError, match="pattern"):
            OpenAPIMiddleware(None, spec_of({"parameters": [parameter]}))

    def test_values_of_the_program_are_no_patterns(self, spec_of):
        schema = {
            "default": {"pattern": "("},
            "enum": [{"pattern": "("}],
            "example": {"pattern": "("},
        }
        assert OpenAPIMiddleware(
            None, spec_of({"parameters": [{"name": "q", "in": "query", "schema": schema}]})
        )

    def test_translating_takes_linear_time(self):
        assert_linear(lambda size: lambda: searcher.__wrapped__("a" * size), 2000)


class TestNumbers:
    @pytest.mark.parametrize(
        ("factor", "good", "bad"),
        [(0.01, 19.99, 0.001), (0.1, 0.3, 0.35), (3, 9, 10), (0.5, 1e308, 0.3), (1e-9, 0.000000007, 1e-10), (2, 10**400, 10**400 + 1), (1, 5.0, 5.5)],
    )  # fmt: skip
    def test_multiples_are_of_the_decimals_that_were_written(self, post, factor, good, bad):
        schema = {"type": "number", "multipleOf": factor}
        assert [post(schema, value)[0] for value in (good, bad)] == [200, 422]


class TestFormStyles:
    @pytest.fixture
    def send(self, visit, spec_of):
        def send(body, **encoding):
            properties = {
                "ids": {"type": "array", "items": {"type": "integer"}},
                "at": {
                    "type": "object",
                    "properties": {"x": {"type": "integer"}, "y": {"type": "integer"}},
                },
                "name": {"type": "string"},
            }
            schema = {"type": "object", "properties": properties, "additionalProperties": False}
            content = {
                "application/x-www-form-urlencoded": {"schema": schema, "encoding": encoding}
            }
            client = visit(spec_of({"requestBody": {"content": content}}, method="post"))
            status, found = client.ask(
                "POST", "/x", data=body, CONTENT_TYPE="application/x-www-form-urlencoded"
            )
            return found["body"] if status == 200 else status

        return send

    def test_arrays_and_objects_are_read_in_the_style_that_is_said(self, send):
        flat = {"style": "form", "explode": False}
        assert send(b"ids=1,2&name=n", ids=flat) == {"ids": [1, 2], "name": "n"}
        assert send(b"ids=1%202", ids={"style": "spaceDelimited", "explode": False}) == {
            "ids": [1, 2]
        }
        assert send(b"at=x,1,y,2", at=flat) == {"at": {"x": 1, "y": 2}}
        assert send(b"x=1&y=2&name=n", at={"explode": True}) == {
            "at": {"x": 1, "y": 2},
            "name": "n",
        }
        assert send(b"at[x]=1&name=n", at={"style": "deepObject"}) == {"at": {"x": 1}, "name": "n"}

    def test_without_a_style_arrays_repeat_their_name_and_objects_are_json(self, send):
        found = {"ids": [1, 2], "at": {"x": 1}}
        assert send(b"ids=1&ids=2&at=%7B%22x%22:1%7D", name={"contentType": "text/plain"}) == found

    @pytest.mark.parametrize("body", [b"ids=1,x", b"ids=1&ids=2", b"at=x", b"ids=%FF"])
    def test_what_does_not_have_the_style_is_refused(self, send, body):
        flat = {"style": "form", "explode": False}
        assert send(body, ids=flat, at=flat) == 400
