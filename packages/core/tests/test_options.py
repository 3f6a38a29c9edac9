"""Options: one dataclass serves keyword arguments and ini files."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.errors import OptionError, TropeaError
from tropea.core.layer import Layer
from tropea.core.options import duration, load_object, read_options, size


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True)
class Options:
    root: Path
    max_age: int = 0
    ratio: float = 0.5
    weak: bool = False
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    mode: Literal["strict", "lax"] = "strict"
    colour: Colour = Colour.RED
    name: str | None = None
    limit: int | None = None
    key: bytes = b""
    hook: Callable[[], Any] | None = None
    most: int = field(default=1024, metadata={"read": size, "expects": "a size such as 10M"})


def read(*args, where="here", **kwargs):
    return read_options(Options, args, kwargs, where=where)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("max_age", " 60 ", 60),
        ("max_age", "-1", -1),
        ("ratio", "0.25", 0.25),
        ("ratio", "1", 1.0),
        ("weak", "On", True),
        ("weak", "no", False),
        ("hosts", "a.example  b.example", ("a.example", "b.example")),
        ("ports", "80 443", (80, 443)),
        ("mode", "LAX", "lax"),
        ("colour", "blue", Colour.BLUE),
        ("name", "", None),
        ("name", "none", None),
        ("name", "x", "x"),
        ("limit", "none", None),
        ("limit", "7", 7),
        ("key", "s3cret", b"s3cret"),
        ("hook", "os.path:join", __import__("os").path.join),
        ("most", "10M", 10 * 1024**2),
    ],
)
def test_ini_text_becomes_the_type_of_the_option(name, text, value):
    assert getattr(read(root="/srv", **{name: text}), name) == value


def test_a_value_of_the_right_type_is_taken_as_it_is():
    made = read(Path("/srv"), 60, hosts=["a"], hook=len, most=5, colour=Colour.BLUE)
    assert (made.root, made.max_age, made.hosts, made.hook, made.most) == (Path("/srv"), 60, ["a"], len, 5)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"maxage": 1}, r"^here: has no option 'maxage'; did you mean 'max_age'\?$"),
        ({"max_age": "1 hour"}, r"^here: max_age: expected a whole number, got '1 hour'$"),
        ({"max_age": "１"}, "expected a whole number"),
        ({"max_age": "1_0"}, "expected a whole number"),
        ({"max_age": True}, "expected a whole number, got True"),
        ({"max_age": 1.5}, r"expected a whole number, got 1\.5"),
        ({"weak": "maybe"}, "expected true or false, got 'maybe'"),
        ({"weak": 1}, "expected true or false, got 1"),
        ({"hosts": 5}, "expected words separated by blanks, got 5"),
        ({"ports": "80 x"}, "ports: expected a whole number, repeated"),
        ({"mode": "loose"}, "expected one of 'strict', 'lax', got 'loose'"),
        ({"colour": "green"}, "expected one of 'red', 'blue', got 'green'"),
        ({"hook": "os:nothing"}, r"hook: 'os' has no 'nothing'"),
        ({"hook": "no.such.module:x"}, "cannot import 'no.such.module'"),
        ({"hook": "os"}, "expected 'package.module:name'"),
        ({"most": "much"}, "expected a size such as 10M, got 'much'"),
    ],
)
def test_a_wrong_option_says_where_what_and_what_was_wanted(kwargs, message):
    with pytest.raises(OptionError, match=message) as caught:
        read("/srv", **kwargs)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, TropeaError)


def test_a_missing_option_is_named():
    with pytest.raises(OptionError, match="^here: needs the option 'root'$"):
        read()


def test_an_option_given_twice_or_beyond_the_last_is_refused():
    with pytest.raises(OptionError, match="root: given twice"):
        read("/srv", root="/srv")
    with pytest.raises(OptionError, match="takes at most 13 options, got 14"):
        read(*range(14))


def test_what_post_init_refuses_is_told_with_its_place():
    @dataclass(frozen=True)
    class Pair:
        low: int = 0
        high: int = 1

        def __post_init__(self):
            if self.low > self.high:
                raise OptionError("low: must not be above high")

    with pytest.raises(OptionError, match="^here: low: must not"):
        read_options(Pair, (), {"low": "2"}, where="here")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("1.5", 1.5), ("500ms", 0.5), ("5m", 300), ("2h", 7200), ("7d", 604800), ("1w", 604800)],
)
def test_durations_have_units(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(("text", "count"), [("0", 0), ("64k", 65536), ("10M", 10485760), ("1GiB", 1073741824)])
def test_sizes_have_units(text, count):
    assert size(text) == count


@given(st.text(max_size=20))
def test_no_text_breaks_a_reader(text):
    for reader in (size, duration):
        try:
            assert reader(text) >= 0
        except ValueError:
            pass


def test_a_dotted_name_reaches_into_classes():
    assert load_object("collections:OrderedDict.fromkeys")("a") == {"a": None}


class Aged(Layer):
    Options = Options


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]


def test_a_layer_reads_its_options_when_it_is_built():
    assert Aged(app, "/srv", max_age=5).options.max_age == 5
    with pytest.raises(OptionError, match="^Aged: has no option 'maxage'; did you mean 'max_age'"):
        Aged(app, "/srv", maxage=5)


def test_a_waiting_layer_fails_on_the_line_that_has_the_mistake():
    with pytest.raises(OptionError, match="^Aged: max_age: expected"):
        Aged.layer("/srv", max_age="x")


def test_a_waiting_layer_builds_the_layer():
    waiting = Aged.layer("/srv", max_age=5)
    layer = waiting(app)
    assert (type(layer), layer.app, layer.options) == (Aged, app, waiting.options)
    assert repr(waiting) == "Aged.layer('/srv', max_age=5)"
