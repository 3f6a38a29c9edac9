"""Paths find their template: the concrete before the templated, in time that does not grow."""

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from tropea.core.testing import assert_linear
from tropea.openapi.templates import Template, Templates


def found(templates, path):
    return [(template.text, dict(values)) for template, values in templates.find(path)]


def test_the_concrete_comes_before_the_templated():
    templates = Templates(["/{a}/{b}", "/x/{b}", "/{a}/y", "/x/y"])
    assert [text for text, _ in found(templates, "/x/y")] == [
        "/x/y",
        "/x/{b}",
        "/{a}/y",
        "/{a}/{b}",
    ]


def test_a_segment_may_mix_text_and_parameters():
    templates = Templates(["/report.{format}", "/{year}-{month}", "/v{n}/a"])
    assert found(templates, "/report.csv") == [("/report.{format}", {"format": "csv"})]
    assert found(templates, "/2020-05") == [("/{year}-{month}", {"year": "2020", "month": "05"})]
    assert found(templates, "/v2/a") == [("/v{n}/a", {"n": "2"})]
    assert found(templates, "/report.") == found(templates, "/v/a") == []


def test_an_empty_segment_is_no_value():
    assert found(Templates(["/pets/{id}"]), "/pets/") == []


@given(st.lists(st.sampled_from(["a", "b", "{p}", "{p}.{q}", "x{p}"]), min_size=1, max_size=4))
def test_a_template_matches_what_is_made_of_it(segments):
    named, number = [], 0
    for segment in segments:
        for name in ("{p}", "{q}"):
            if name in segment:
                segment, number = segment.replace(name, f"{{n{number}}}"), number + 1
        named.append(segment)
    template = Template("/" + "/".join(named))
    values = {name: f"v{name}" for name in template.names}
    path = template.text
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    assert template.read(path.split("/")) == values


def test_a_hostile_segment_is_read_in_linear_time():
    template = Template("/{a}-{b}-{c}x")
    assert_linear(lambda size: partial(template.read, ["", "-a" * size]), 50_000)


def test_finding_a_path_does_not_walk_the_other_paths():
    def found_among(count):
        templates = Templates([f"/t{n}/{{id}}" for n in range(count)])
        return lambda: list(templates.find("/t9/5"))

    assert_linear(found_among, 10, factor=500, ratio=3)
