"""Header fields: checked where they are made, edited in place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core import fields
from tropea.core.fields import FieldError, add_vary, check_fields, check_name, check_status, check_value


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r", "é", "a\0", " a", None, b"a", "("])
def test_what_is_no_token_is_no_name(name):
    with pytest.raises(FieldError):
        check_name(name)


@pytest.mark.parametrize("value", ["a\r\nb", "a\n", "\ra", "a\0b", "\x7f", " a", "a ", "\ta", "€", None, 5, b"a"])
def test_what_could_end_a_field_is_no_value(value):
    with pytest.raises(FieldError):
        check_value(value)


@pytest.mark.parametrize("value", ["", "a", "a b", "a\tb", "é\xff", "x" * 10_000])
def test_what_a_field_may_hold_passes(value):
    assert check_value(value) == value


@pytest.mark.parametrize("status", ["200", "OK", "2000 OK", "200 OK\r\nX: 1", "099 x", "", None, 200, "200 \0"])
def test_what_is_no_status_line_is_refused(status):
    with pytest.raises(FieldError):
        check_status(status)


def test_a_status_line_may_lack_a_reason():
    assert check_status("299 ") == "299 "


@given(st.text(max_size=50))
def test_nothing_that_passes_can_break_a_line(text):
    for check in (check_name, check_value, check_status):
        try:
            assert not set(check(text)) & set("\r\n\0")
        except FieldError:
            pass


def test_a_hop_by_hop_field_belongs_to_the_server():
    with pytest.raises(FieldError, match="hop-by-hop field belongs to the server: 'Connection'"):
        check_fields([("Connection", "close")])


def test_checked_fields_are_a_fresh_list():
    given_ = [("A", "1")]
    checked = check_fields(given_)
    assert checked == given_
    assert checked is not given_


def test_names_compare_without_case_and_values_keep_their_order():
    held = [("Set-Cookie", "a=1"), ("ETag", '"1"'), ("set-cookie", "b=2")]
    assert fields.get(held, "SET-COOKIE") == "a=1"
    assert fields.get_all(held, "set-cookie") == ["a=1", "b=2"]
    assert fields.get(held, "Age") is None
    assert fields.combined(held, "Age") is None
    assert fields.combined([("Vary", "a"), ("vary", "b")], "Vary") == "a, b"


def test_setting_a_field_keeps_its_place_and_drops_its_doubles():
    held = [("A", "1"), ("B", "2"), ("a", "3"), ("C", "4")]
    fields.set_field(held, "a", "9")
    assert held == [("a", "9"), ("B", "2"), ("C", "4")]
    fields.set_field(held, "D", "5")
    assert held[-1] == ("D", "5")


def test_dropping_takes_every_spelling():
    held = [("A", "1"), ("b", "2"), ("a", "3")]
    fields.drop(held, "A", "none")
    assert held == [("b", "2")]


@pytest.mark.parametrize(
    ("before", "names", "after"),
    [
        pytest.param([], ["Cookie"], [("Vary", "Cookie")], id="added"),
        pytest.param([("Vary", "cookie")], ["Cookie"], [("Vary", "cookie")], id="already-there"),
        pytest.param([("Vary", "a,b"), ("Vary", "c")], ["B"], [("Vary", "a,b"), ("Vary", "c")], id="complete-is-left-as-it-was"),
        pytest.param([("X", "1")], [], [("X", "1")], id="nothing-to-name"),
        pytest.param([("Vary", "*")], ["Cookie"], [("Vary", "*")], id="12.5.5-star-stays"),
        pytest.param([("Vary", "a, *")], ["Cookie"], [("Vary", "*")], id="12.5.5-star-swallows"),
        pytest.param([("Vary", "a"), ("X", "1"), ("vary", "b")], ["c"], [("Vary", "a, b, c"), ("X", "1")], id="two-lines"),
        pytest.param([("Vary", "")], ["Cookie"], [("Vary", "Cookie")], id="empty"),
    ],
)
def test_vary_names_each_field_once(before, names, after):
    add_vary(before, *names)
    assert before == after
