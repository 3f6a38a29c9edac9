"""How the value that identifies a revision becomes an entity tag."""

import dataclasses
import datetime
import enum
import subprocess
import sys
import uuid
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.caching import FingerprintError, make_etag
from tropea.caching.fingerprints import fingerprint
from tropea.core.entitytags import read_tag


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (7, "7"),
        (1.5, "1.5"),
        (True, "True"),
        (Decimal("2.50"), "2.50"),
        ("", ""),
        ("whoa nelly!", "whoa nelly!"),
        ("x" * 16, "x" * 16),
        (-3, "-3"),
    ],
)
def test_numbers_and_short_strings_are_used_as_they_are(value, text):
    assert fingerprint(value) == text


@pytest.mark.parametrize(
    "value",
    [
        "x" * 17,
        'a"b',
        "a\nb",
        "€",
        None,
        (1, "a"),
        [1],
        {"a": 1},
        {1, 2},
        b"x",
        10**80,
        datetime.datetime(2020, 1, 1),
        datetime.date(2020, 1, 1),
        datetime.timedelta(1),
        uuid.UUID(int=1),
    ],
    ids=repr,
)
def test_everything_else_is_hashed(value):
    text = fingerprint(value)
    assert len(text) == 32 and int(text, 16)


class Tone(str, enum.Enum):
    RED = "red"


class Colour(enum.Enum):
    RED = 1


@dataclasses.dataclass
class Page:
    title: str
    revision: int


class Plain:
    def __init__(self, value):
        self.value = value


def test_objects_are_told_apart_by_what_they_hold():
    assert fingerprint(Page("a", 1)) == fingerprint(Page("a", 1)) != fingerprint(Page("a", 2))
    assert fingerprint(Plain(1)) == fingerprint(Plain(1)) != fingerprint(Plain(2))
    assert fingerprint(Colour.RED) != fingerprint((1,))


def test_values_that_look_alike_have_different_tags():
    values = [
        ("1",),
        (1,),
        (1.0,),
        (True,),
        (b"1",),
        ("a", "bc"),
        ("ab", "c"),
        ("a,b",),
        ["a,b"],
        (Fraction(1, 3),),
        (10**5000,),
        (-(10**5000),),
        (10**5000 + 1,),
        (Fraction(1, 10**5000),),
        ("a", "b"),
        (("a",), "b"),
        {"a": 1},
        {("a", 1)},
        (None,),
        (("builtins.int", "1"),),
        (),
        ((),),
        ("",),
    ]
    assert len({fingerprint(value) for value in values}) == len(values)


def test_a_number_of_more_digits_than_python_writes_is_hashed():
    for value in (10**5000, -(10**5000), Fraction(10**5000, 3), Decimal("1" * 5000)):
        assert len(fingerprint(value)) == 32


class Loud(str):
    """A text that shows another one."""

    def __str__(self):
        return 'x"\r\nSet-Cookie: a=b'

    __format__ = lambda self, _: str(self)  # noqa: E731  as short as it is nasty


def test_what_a_text_holds_counts_and_not_what_it_shows():
    assert fingerprint(Loud("r1089")) == "r1089"
    assert make_etag(Loud("r1089"), weak=True) == 'W/"r1089"'
    assert fingerprint(Tone.RED) == "red"


@pytest.mark.parametrize(
    "value", [object(), lambda: 1, len, Page], ids=["object", "lambda", "builtin", "class"]
)
def test_what_shows_nothing_of_its_value_is_refused(value):
    with pytest.raises(FingerprintError):
        fingerprint(value)


def test_a_value_that_contains_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(FingerprintError, match="contains itself"):
        fingerprint(loop)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(plain)
def test_every_plain_value_makes_a_tag_that_can_be_sent(value):
    text = fingerprint(value)
    assert read_tag(f'"{text}"') is not None
    assert fingerprint(value) == text


@given(st.dictionaries(st.text(), st.integers(), min_size=2))
def test_the_order_of_keys_is_no_part_of_the_value(value):
    assert fingerprint(value) == fingerprint(dict(reversed(value.items())))


def test_the_order_of_a_set_is_no_part_of_the_value_in_any_process():
    code = (
        "from tropea.caching.fingerprints import fingerprint; print(fingerprint({'a','b','c','d'}))"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(seen) == 1
