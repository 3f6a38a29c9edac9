"""A description is made of plain rows, annotations and docstrings, and shown without a script."""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from types import SimpleNamespace
from typing import Annotated, Literal, NotRequired, TypedDict
from uuid import UUID

import pytest

from tropea.openapi import OpenAPIMiddleware, Specification, describe, operation
from tropea.openapi.annotations import Schemas


def row(pattern, handler, *methods, name=None, **parameters):
    return SimpleNamespace(
        pattern=pattern, methods=methods, name=name, handler=handler, parameters=parameters
    )


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Node(TypedDict):
    """A node of a tree."""

    name: str
    children: NotRequired[list["Node"]]


@dataclass
class Pet:
    """A pet.

    More about it.
    """

    name: Annotated[str, {"maxLength": 20}]
    born: date
    tags: list[str] = field(default_factory=list)
    colour: Colour | None = None
    legs: int = 4


def show(request, id: int) -> Pet:
    """Show a pet.

    With everything that is known
    of it.
    """


@operation(query={"limit?": int, "q": str}, header={"X-A?": bool}, body=Pet, tags=["pets"],
           responses={201: Pet, 404: "There is none.", 204: None, 302: {"description": "Elsewhere."}})  # fmt: skip
def add(request):
    pass


class TestDescribing:
    @pytest.fixture
    def made(self):
        rows = [
            row("/pets/<id>", show, "GET", "HEAD", id="[^/]+"),
            row("/pets", add, "POST", name="add_pet"),
            row("/both/<n:int>", lambda request, n: None, "GET", "PUT", name="both", n="[0-9]+"),
            row("/mounted", object(), name="mount"),
        ]
        return describe(rows, "Pets", "2.0")

    def test_it_is_a_good_description(self, made):
        assert Specification(made).version == "3.1"
        assert json.loads(json.dumps(made)) == made

    def test_patterns_become_templates_and_mounts_are_left_out(self, made):
        assert list(made["paths"]) == ["/pets/{id}", "/pets", "/both/{n}"]
        assert list(made["paths"]["/pets/{id}"]) == ["get"]

    def test_docstrings_become_summary_and_description(self, made):
        found = made["paths"]["/pets/{id}"]["get"]
        assert found["summary"] == "Show a pet."
        assert found["description"] == "With everything that is known\nof it."

    def test_annotations_become_schemas(self, made):
        found = made["paths"]["/pets/{id}"]["get"]
        assert found["parameters"][0]["schema"] == {"type": "integer"}
        assert found["responses"]["200"]["content"]["application/json"]["schema"] == {
            "$ref": "#/components/schemas/Pet"
        }

    def test_a_pattern_of_digits_is_an_integer(self, made):
        assert made["paths"]["/both/{n}"]["put"]["parameters"][0]["schema"] == {
            "type": "integer",
            "minimum": 0,
        }

    def test_every_operation_has_an_id_of_its_own(self, made):
        ids = [found["operationId"] for item in made["paths"].values() for found in item.values()]
        assert ids == ["show", "add_pet", "both_get", "both_put"]

    def test_what_a_handler_says_is_in_it(self, made):
        found = made["paths"]["/pets"]["post"]
        assert [(p["in"], p["name"], p.get("required", False)) for p in found["parameters"]] == [
            ("query", "limit", False), ("query", "q", True), ("header", "X-A", False)]  # fmt: skip
        assert found["tags"] == ["pets"]
        assert found["responses"]["404"] == {"description": "There is none."}
        assert found["responses"]["204"] == {"description": "No Content"}
        assert found["responses"]["302"] == {"description": "Elsewhere."}
        assert found["requestBody"]["required"] is True

    def test_the_layers_own_refusals_are_in_it_unless_unwanted(self, made):
        assert {"400", "413", "415", "422"} <= set(made["paths"]["/pets"]["post"]["responses"])
        plain = describe([row("/pets", add, "POST")], "Pets", refusals=False)
        assert "422" not in plain["paths"]["/pets"]["post"]["responses"]

    def test_rows_can_be_chosen(self):
        rows = [row("/api/a", add, "POST"), row("/page", add, "POST")]
        made = describe(rows, "A", include=lambda route: route.pattern.startswith("/api"))
        assert list(made["paths"]) == ["/api/a"]

    def test_tokens_of_a_compiled_pattern_are_used_where_there_are_some(self):
        tokens = ("/jars/", SimpleNamespace(key="id"), "/", SimpleNamespace(key=0))
        one = row("/jars/id:[0-9]+/<:int>", add, "POST", id="[0-9]+")
        one.compiled = SimpleNamespace(template=tokens)
        assert list(describe([one], "A")["paths"]) == ["/jars/{id}/{arg0}"]

    def test_a_description_that_was_made_is_kept(self, made, visit):
        visitor = visit(made)
        good = {"name": "Rex", "born": "2020-01-02"}
        assert visitor.ask("POST", "/pets?q=x", json=good)[1]["body"]["legs"] == 4
        assert visitor.ask("POST", "/pets?q=x", json={**good, "colour": "green"})[0] == 422
        assert visitor.ask("POST", "/pets", json=good)[0] == 400


class TestAnnotations:
    @pytest.mark.parametrize(("kind", "schema"), [
        (None, {"type": "null"}), (bool, {"type": "boolean"}), (datetime, {"type": "string", "format": "date-time"}),
        (UUID, {"type": "string", "format": "uuid"}), (Colour, {"enum": ["red", "blue"]}),
        (Literal[1, "a"], {"enum": [1, "a"]}), (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}),
        (dict, {"type": "object"}), (list, {"type": "array"}), (object, {}), ("text", {}),
        (Annotated[int, {"minimum": 1}, "note"], {"type": "integer", "minimum": 1}), ({"type": "x"}, {"type": "x"}),
    ])  # fmt: skip
    def test_types_have_schemas(self, kind, schema):
        assert Schemas().of(kind) == schema

    def test_a_type_may_hold_itself(self):
        schemas = Schemas()
        assert schemas.of(Node) == {"$ref": "#/components/schemas/Node"}
        assert schemas.named["Node"]["required"] == ["name"]
        assert schemas.named["Node"]["properties"]["children"]["items"] == {
            "$ref": "#/components/schemas/Node"
        }

    def test_two_types_of_one_name_are_told_apart(self):
        schemas = Schemas()
        other = dataclass(type("Pet", (), {"__annotations__": {"a": int}}))
        assert schemas.of(Pet) != schemas.of(other)
        assert set(schemas.named) == {"Pet", "Pet2"}


class TestPages:
    def test_the_description_is_served_as_json_with_a_tag(self, visitor, spec):
        answer = visitor.get("/openapi.json")
        assert answer.get_header("Content-Type") == "application/json"
        assert json.loads(answer.body) == spec
        again = visitor.get("/openapi.json", HTTP_IF_NONE_MATCH=answer.get_header("ETag"))
        assert (again.status[:3], again.body) == ("304", b"")

    def test_the_page_asks_for_nothing_from_outside_and_runs_no_script(self, visitor):
        answer = visitor.get("/docs")
        page = answer.body.decode()
        policy = answer.get_header("Content-Security-Policy")
        assert "default-src 'none'" in policy and "script-src" not in policy
        assert "<script" not in page and "@import" not in page and "url(" not in page
        assert re.findall(r'(?:href|src)="([^"]*)"', page) == ["openapi.json"]
        for said in ("/pets/{id}", "limit", "a pet", "application/json", "maxLength"):
            assert said in page

    def test_text_of_the_description_never_becomes_markup(self, spec, visit):
        evil = "<script>alert(1)</script>\"'&"
        spec["info"]["title"] = spec["info"]["description"] = evil
        spec["paths"]["/pets"]["get"].update(summary=evil, description=evil)
        spec["paths"]["/pets"]["get"]["parameters"][0]["description"] = evil
        spec["paths"]["/<script>"] = {"get": {"responses": {"200": {"description": evil}}}}
        assert "<script" not in visit(spec).get("/docs").body.decode()

    def test_a_schema_that_holds_itself_many_times_is_shown_to_some_depth(self, spec, visit):
        names = [f"S{n}" for n in range(20)]
        every = {name: {"$ref": f"#/components/schemas/{name}"} for name in names}
        for name in names:
            spec["components"]["schemas"][name] = {"type": "object", "properties": every}
        spec["components"]["schemas"]["L"] = {
            "type": "array",
            "items": {"$ref": "#/components/schemas/L"},
        }
        content = {
            "application/x-www-form-urlencoded": {"schema": every["S0"]},
            "application/json": {"schema": {"$ref": "#/components/schemas/L"}},
        }
        spec["paths"]["/pets"]["post"]["requestBody"]["content"] = content
        visitor = visit(spec)
        assert len(visitor.get("/docs").body) < 500_000
        assert visitor.ask("POST", "/pets", data={"S1": "{}"})[1]["body"] == {"S1": {}}

    def test_paths_can_be_changed_or_left_out(self, visit):
        visitor = visit(spec_path="/api/v1.json", page_path="/api/")
        assert visitor.get("/api/v1.json").status == "200 OK"
        assert 'href="../api/v1.json"' in visitor.get("/api/").body.decode()
        assert visit(spec_path="", page_path="").ask("GET", "/docs")[0] == 404

    def test_a_head_has_no_body_and_another_method_is_the_apis(self, visitor):
        assert visitor.head("/docs").body == b""
        assert visitor.ask("POST", "/docs")[0] == 404


class TestPathsThatOpenAPIWritesAnotherWay:
    @staticmethod
    def row(pattern, parameters=None, methods=("GET",), handler=None):
        return SimpleNamespace(
            pattern=pattern,
            methods=methods,
            name=None,
            handler=handler or (lambda request, **groups: ""),
            parameters=parameters or {},
        )

    @pytest.mark.parametrize(
        ("pattern", "template"),
        [
            (r"^/wiki/(?P<page>[0-9]+)/edit\.html$", "/wiki/{page}/edit.html"),
            (r"/a/(?P<x>(?P<y>b)c)", "/a/{x}"),
            (r"/a/(?:b|c)", None),
            (r"/a(/b)?", None),
            ("/a/[ab]", None),
            ("/plain.html", "/plain.html"),
        ],
    )
    def test_expressions_are_written_where_they_can_be(self, pattern, template):
        made = describe([self.row(pattern)], "t")
        assert list(made["paths"]) == ([template] if template else [])
        Specification(made)

    def test_templates_that_differ_in_names_alone_are_one_path(self, visit):
        rows = [
            self.row("/pets/<id>", {"id": "[0-9]+"}),
            self.row("/pets/<name>", {"name": "[^/]+"}),
            self.row("/pets/<key>", {"key": "[^/]+"}, ("DELETE",)),
        ]
        made = describe(rows, "t")
        item = made["paths"]["/pets/{id}"]
        assert list(made["paths"]) == ["/pets/{id}"]
        assert item["get"]["parameters"][0]["schema"] == {
            "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]
        }
        assert item["delete"]["parameters"][0]["name"] == "id"
        client = visit(made)
        assert [client.ask("GET", f"/pets/{text}")[0] for text in ("7", "rex")] == [200, 200]
