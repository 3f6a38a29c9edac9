"""The dictionary with several values for a key."""

import copy
import json
import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core import MultiDict, RequestArgsConversionError, RequestArgsKeyError
from tropea.core.jsonvalues import JsonDict, JsonList, parse_json

PAIRS = st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.integers()), max_size=30)


class TestRecordedAnswersOfPesto25:
    def test_allitems(self):
        assert MultiDict([("a", 1), ("a", 2), ("b", 3)]).allitems() == [
            ("a", 1),
            ("a", 2),
            ("b", 3),
        ]

    def test_listitems(self):
        assert MultiDict([("a", 1), ("a", 2), ("b", 3)]).listitems() == [("a", [1, 2]), ("b", [3])]


def model_of(pairs):
    model = {}
    for key, value in pairs:
        model.setdefault(key, []).append(value)
    return model


class TestAsADictionaryOfLists:
    """Whatever is done to it, it answers like a dict of lists, whether few keys are in it or many."""

    @given(PAIRS)
    def test_reading(self, pairs):
        d, model = MultiDict(pairs), model_of(pairs)
        assert len(d) == len(model)
        assert list(d) == list(d.keys()) == list(model)
        assert d.listitems() == list(model.items())
        assert d.allitems() == pairs
        assert list(d.items()) == [(key, values[0]) for key, values in model.items()]
        assert list(d.values()) == [values[0] for values in model.values()]
        for key in "abcdefghijklm":
            assert (key in d) == (key in model)
            assert d.getlist(key) == model.get(key, [])
            assert d.get(key, "none") == model.get(key, ["none"])[0]
            if key not in model:
                with pytest.raises(KeyError):
                    d[key]

    @given(
        PAIRS,
        st.lists(
            st.tuples(
                st.sampled_from(["set", "del", "add", "pop"]),
                st.sampled_from("abcdefghijkl"),
                st.integers(),
            )
        ),
        st.booleans(),
    )
    def test_writing(self, pairs, steps, read_between):
        d, model = MultiDict(pairs), model_of(pairs)
        for step, key, value in steps:
            if step == "set":
                d[key] = value
                model[key] = [value]
            elif step == "add":
                d.add(key, value)
                model.setdefault(key, []).append(value)
            elif step == "pop":
                assert d.pop(key, None) == (model.pop(key, [None])[0])
            elif key in model:
                del d[key]
                del model[key]
            if read_between:
                assert d.getlist(key) == model.get(key, [])
        assert dict(d.listitems()) == model
        assert model_of(d.allitems()) == model

    @given(PAIRS, PAIRS)
    def test_extend_adds_and_update_replaces(self, pairs, more):
        d = MultiDict(pairs)
        d.extend(more)
        assert d.allitems() == pairs + more
        d = MultiDict(pairs)
        d.update(more)
        assert dict(d.listitems()) == {**model_of(pairs), **model_of(more)}

    @given(PAIRS)
    def test_copies_are_equal_and_independent(self, pairs):
        d = MultiDict(pairs)
        for other in (d.copy(), copy.copy(d), pickle.loads(pickle.dumps(d))):
            assert other == d
            assert other.allitems() == d.allitems()
            other.add("zz", 1)
            assert "zz" not in d


def test_a_replaced_key_keeps_its_place():
    d = MultiDict([("a", 1), ("b", 2), ("a", 3), ("c", 4)])
    d["a"] = 9
    assert d.allitems() == [("a", 9), ("b", 2), ("c", 4)]


def test_it_is_made_of_mappings_pairs_and_keywords():
    assert MultiDict({"a": 1}, b=2).allitems() == [("a", 1), ("b", 2)]
    assert MultiDict(MultiDict([("a", 1), ("a", 2)])).allitems() == [("a", 1), ("a", 2)]
    with pytest.raises(TypeError):
        MultiDict({}, {})


def test_it_equals_a_dictionary_of_its_first_values():
    assert MultiDict([("a", 1), ("a", 2)]) == {"a": 1}
    assert MultiDict([("a", 1), ("a", 2)]) != MultiDict([("a", 1)])
    assert MultiDict() != []


def test_popitem_takes_the_last_key():
    d = MultiDict([("a", 1), ("b", 2), ("b", 3)])
    assert d.popitem() == ("b", 2)
    assert d.allitems() == [("a", 1)]
    d.clear()
    with pytest.raises(KeyError):
        d.popitem()
    with pytest.raises(KeyError):
        d.pop("a")


def test_it_cannot_be_a_key_itself():
    with pytest.raises(TypeError):
        hash(MultiDict())


class TestGetters:
    form = MultiDict(
        [("n", " 5 "), ("n", "6"), ("x", "five"), ("f", "1.5e2"), ("yes", "On"), ("no", "0"),
         ("day", "2026-11-21"), ("blank", " "), ("under", "1_0"), ("arabic", "٥"), ("plus", "+7")]
    )  # fmt: skip

    def test_getlist_and_getfirst_convert(self):
        assert self.form.getlist("n", int) == [5, 6]
        assert self.form.getlist("n", func=str.strip) == ["5", "6"]
        assert self.form.getfirst("n", 0, int) == 5
        assert self.form.getfirst("zz", 0, int) == 0
        assert self.form.getlist("zz", int) == []
        assert self.form.getlist("zz", int, [1]) == [1]

    def test_typed_getters(self):
        assert self.form.getint("n") == 5
        assert self.form.getint("plus") == 7
        assert self.form.getfloat("f") == 150.0
        assert self.form.getbool("yes") is True
        assert self.form.getbool("no") is False
        assert self.form.getdate("day") == date(2026, 11, 21)

    @pytest.mark.parametrize("getter", ["getint", "getfloat", "getbool", "getdate"])
    def test_a_blank_or_missing_value_is_the_default(self, getter):
        assert getattr(self.form, getter)("blank", 3) == 3
        assert getattr(self.form, getter)("zz") is None

    @pytest.mark.parametrize("getter", ["getint", "getfloat", "getbool", "getdate"])
    def test_an_unreadable_value_is_a_400_that_names_the_field(self, getter):
        with pytest.raises(RequestArgsConversionError, match="'x'") as caught:
            getattr(self.form, getter)("x", 3)
        assert caught.value.status_int == 400
        assert isinstance(caught.value, ValueError)

    @pytest.mark.parametrize(
        "getter", ["getint", "getfloat", "getbool", "getdate", "getlist", "getfirst"]
    )
    def test_a_required_value_that_is_missing_is_a_400_that_names_the_field(self, getter):
        with pytest.raises(RequestArgsKeyError, match="'zz'") as caught:
            getattr(self.form, getter)("zz", required=True)
        assert caught.value.status_int == 400
        assert isinstance(caught.value, KeyError)

    @pytest.mark.parametrize("key", ["under", "arabic"])
    def test_numbers_are_ascii_digits_alone(self, key):
        with pytest.raises(RequestArgsConversionError):
            self.form.getint(key)

    @pytest.mark.parametrize("text", ["nan", "inf", "1e999", "0x10", "1_0"])
    def test_floats_are_finite_decimals(self, text):
        with pytest.raises(RequestArgsConversionError):
            MultiDict(a=text).getfloat("a")

    @given(
        st.text() | st.integers() | st.floats() | st.none() | st.lists(st.integers(), max_size=2)
    )
    def test_no_value_makes_a_getter_raise_anything_else(self, value):
        for holder in (MultiDict(a=value), JsonDict(a=value), JsonList([value])):
            for getter in ("getint", "getfloat", "getbool", "getdate"):
                try:
                    getattr(holder, getter)(0 if isinstance(holder, list) else "a")
                except RequestArgsConversionError:
                    pass


class TestJsonValues:
    def test_numbers_of_json_need_no_conversion(self):
        value = JsonDict(n=5, f=1.5, big=2.0, yes=True, none=None, many=[1, "2"])
        assert value.getint("n") == 5
        assert value.getint("big") == 2
        assert value.getfloat("f") == 1.5
        assert value.getbool("yes") is True
        assert value.getint("none", 7) == 7
        assert value.getlist("many", int) == [1, 2]
        assert value.getfirst("many") == 1
        assert value.getvalue("many") == [1, "2"]

    def test_true_is_no_number(self):
        with pytest.raises(RequestArgsConversionError):
            JsonDict(a=True).getint("a")

    def test_lists_are_read_whole_or_by_index(self):
        value = JsonList([3, "4"])
        assert value.getlist(func=int) == [3, 4]
        assert value.getint(1) == 4
        assert value.getint(7, 0) == 0
        assert value.getvalue() == 3
        assert JsonList().getvalue(default="x") == "x"

    def test_they_are_dict_and_list(self):
        assert JsonDict(a=1) == {"a": 1}
        assert JsonList([1]) == [1]


@pytest.mark.parametrize("text", ['{"a": [1, "é"]}', '[{}, "x"]', "[]", "3"])
@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"]
)
def test_json_shows_itself_which_utf_it_is_in(text, codec):
    assert parse_json(text.encode(codec)) == json.loads(text)
