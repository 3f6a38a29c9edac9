"""A developer is shown any value: without its secrets, and in bounded work whatever it is."""

import collections
import sys
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.redaction import Redactor
from tropea.core.secret_names import hide_named
from tropea.core.showing import BEYOND, IN_ALL, TEXT, Writer
from tropea.core.testing.linear import assert_linear

SECRET = "hunter2"
Login = collections.namedtuple("Login", "user password")  # noqa: PYI024


@dataclass
class Connection:
    host: str = "db"
    dsn: str = field(default=SECRET, repr=False)


@dataclass
class Discreet:
    value: str = SECRET

    def __repr__(self):
        return "<Discreet>"


class Talkative:
    def __repr__(self):
        return f"Talkative(user='ann', api_key='{SECRET}', n=1)"


HOLDERS = {
    "namedtuple": Login("ann", SECRET), "namespace": SimpleNamespace(password=SECRET),
    "items-of-a-dict": {"password": SECRET}.items(), "keys-of-bytes": {b"password": SECRET.encode()},
    "pairs-of-bytes": [(b"authorization", SECRET.encode())], "pairs-that-are-lists": [["password", SECRET]],
    "left-out-of-a-dataclass": Connection(), "a-dataclass-with-its-own-repr": Discreet(),
    "a-repr": Talkative(), "a-query": f"page=2&access_token={SECRET}&n=1", "a-dsn": f"host=db password={SECRET}",
    "a-query-of-bytes": f"page=2&access_token={SECRET}".encode(), "a-deque-of-pairs": collections.deque([("token", SECRET)]),
    "an-ordered-dict": collections.OrderedDict(password=SECRET),
}  # fmt: skip


@pytest.mark.parametrize("value", HOLDERS.values(), ids=HOLDERS)
def test_a_secret_is_hidden_by_its_name_wherever_it_is_held(value):
    assert SECRET not in Redactor().show(value)


def test_what_stands_beside_a_secret_is_shown():
    assert Redactor().show(Login("ann", SECRET)) == "Login(user='ann', password=…)"
    assert Redactor().show(Connection()) == "Connection(host='db', dsn=…)"
    assert Redactor().show(Discreet()) == "<Discreet>"
    assert Redactor().show({"password": SECRET}.items()) == "dict_items([('password', …)])"


def matrix():
    row: list = [1] * 40
    for _ in range(6):
        row = [row] * 40
    return row


def circle():
    held: list = []
    held.extend([held] * 1000)
    return held


def circle_of_two():
    one: dict = {}
    two: dict = {number: one for number in range(1000)}
    one.update({number: two for number in range(1000)})
    return one


HUGE = {
    "matrix": matrix, "circle": circle, "circle-of-two": circle_of_two,
    "deque": lambda: collections.deque(range(10**6)), "bytearray": lambda: bytearray(10**8),
    "values": lambda: dict.fromkeys(range(10**6)).values(), "int": lambda: 10**100_000,
    "texts": lambda: ["x" * 10**6] * 1000, "dict": lambda: {f"{n}" * 1000: "y" * 10**5 for n in range(50)},
}  # fmt: skip


@pytest.mark.parametrize("make", HUGE.values(), ids=HUGE)
def test_the_work_is_bounded_by_what_is_shown(make):
    value, steps = make(), 0

    def count(*_):
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        text = Writer().write(value)
    finally:
        sys.setprofile(None)
    assert len(text) <= IN_ALL + 2 * TEXT + 4 * 200
    assert steps < 100_000


def liars():
    """Make the values in a function: pytest looks at what a module holds."""

    class Lies:
        @property
        def __class__(self):
            raise RuntimeError("outside of a request")

    class Exits:
        def __repr__(self):
            raise SystemExit

    class Halves(str):
        __slots__ = ()

        def __getitem__(self, key):
            raise GeneratorExit

    class Numbers:
        def __repr__(self):
            return 7

    return {
        "class": Lies(), "exit": Exits(), "text": Halves("x"), "number": Numbers(),
        "held": SimpleNamespace(a=Exits()),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["class", "exit", "text", "number", "held"])
def test_a_value_that_will_not_be_shown_is_named_by_its_type(name):
    assert "its repr raised" in Writer().write(liars()[name])


@given(st.integers(TEXT - 40, TEXT + 10))
def test_a_secret_across_the_end_of_what_is_shown_is_not_half_shown(place):
    redactor = Redactor({"HTTP_AUTHORIZATION": "Basic c2VjcmV0LXNlY3JldC1zZWNyZXQ="})
    assert "c2Vj" not in redactor.show("x" * place + "c2VjcmV0LXNlY3JldC1zZWNyZXQ=" + "y" * BEYOND)
    assert "c2Vj" not in redactor.say(
        "x" * place + "c2VjcmV0LXNlY3JldC1zZWNyZXQ=" + "y" * BEYOND, TEXT
    )


@pytest.mark.parametrize(
    "unit", ["token=", "password='", 'secret="\\', "token", "token ", "-eyJ", "api_key: ", "pwd\t"]
)
def test_hiding_takes_linear_time(unit):
    redactor = Redactor()
    assert_linear(lambda size: lambda text=unit * size: redactor.scrub(hide_named(text)), 1_000)
