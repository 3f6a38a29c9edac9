"""Fields as arguments of a handler."""

from datetime import date, datetime
from functools import partial
from io import BytesIO
from typing import Literal

import pytest

from tropea.core import Request, RequestArgsConversionError, RequestArgsKeyError, with_request_args


def get(query):
    return Request({"REQUEST_METHOD": "GET", "QUERY_STRING": query, "wsgi.input": BytesIO()})


@with_request_args(id=int, tags=[str])
def handler(request, id, tags, opt=5):
    return id, tags, opt


@with_request_args(id=int)
def with_default(request, id=1):
    return id


class TestRecordedAnswersOfPesto25:
    def test_a_value_that_is_no_number_differs_it_is_400_and_names_the_parameter(self):
        with pytest.raises(
            RequestArgsConversionError, match="Could not convert parameter 'id' to requested type"
        ) as caught:
            handler(get("id=x"))
        assert caught.value.status == "400 Bad Request"
        assert caught.value.name == "id"

    def test_a_default_gives_way_to_what_was_sent(self):
        assert with_default(get("id=3")) == 3

    def test_strict_checking_refuses_what_a_default_would_hide(self):
        strict = with_request_args(id=int, strict_checking=True)(lambda request, id=1: id)
        with pytest.raises(RequestArgsConversionError):
            strict(get("id=x"))
        assert strict(get("")) == 1

    def test_without_it_the_default_stands_in(self):
        assert with_default(get("id=x")) == 1


def test_a_missing_argument_is_400_and_a_keyerror():
    with pytest.raises(RequestArgsKeyError, match="'id'") as caught:
        handler(get("tags=a"))
    assert caught.value.status_int == 400
    assert isinstance(caught.value, KeyError)


def test_the_400_is_a_page_that_names_the_argument_escaped():
    sent = []
    handler_of = with_request_args(**{"x<y": str})(lambda request, **kw: kw)
    with pytest.raises(RequestArgsKeyError) as caught:
        handler_of(get(""))
    environ = {"REQUEST_METHOD": "GET", "HTTP_ACCEPT": "text/html"}
    body = b"".join(
        caught.value(environ, lambda status, headers, exc_info=None: sent.append(status))
    )
    assert sent == ["400 Bad Request"]
    assert b"x&lt;y" in body


def test_lists_may_be_empty():
    assert handler(get("id=1")) == (1, [], 5)
    assert handler(get("id=1&tags=a&tags=b")) == (1, ["a", "b"], 5)


def test_arguments_of_the_path_are_converted_and_those_given_in_place_are_not():
    assert handler(get(""), id="7") == (7, [], 5)
    assert handler(get("id=9"), 7) == (7, [], 5)
    with pytest.raises(RequestArgsConversionError):
        handler(get(""), id="x")


def test_arguments_that_a_route_converted_already_stay_as_they_are():
    day = date(2026, 11, 21)
    find = with_request_args(day=date, tags=[str], name=str)(
        lambda request, day, tags, name: (day, tags, name)
    )
    assert find(get(""), day=day, tags=["a"], name=7) == (day, ["a"], 7)


def test_form_fields_come_before_the_query():
    environ = {"REQUEST_METHOD": "POST", "QUERY_STRING": "id=1&tags=q", "CONTENT_TYPE": "application/x-www-form-urlencoded",
               "CONTENT_LENGTH": "4", "wsgi.input": BytesIO(b"id=2")}  # fmt: skip
    assert handler(Request(environ)) == (2, ["q"], 5)


@pytest.mark.parametrize("text", ["1_0", "٥", "", "1.5", "0x1", "9" * 5000])
def test_numbers_are_read_strictly(text):
    with pytest.raises(RequestArgsConversionError):
        handler(
            Request(
                {"REQUEST_METHOD": "GET", "QUERY_STRING": f"id={text}".encode().decode("latin-1")}
            )
        )


class TestAnnotations:
    def test_they_say_the_types(self):
        @with_request_args
        def find(
            request,
            name: str,
            limit: int = 10,
            *,
            tags: list[str],
            day: date | None = None,
            deep: bool = False,
        ):
            return name, limit, tags, day, deep

        assert find(get("name=pie&limit=3&tags=a&day=2026-11-21&deep=on")) == (
            "pie",
            3,
            ["a"],
            date(2026, 11, 21),
            True,
        )
        assert find(get("name=pie")) == ("pie", 10, [], None, False)
        with pytest.raises(RequestArgsKeyError, match="'name'"):
            find(get("limit=3"))

    def test_options_alone_leave_the_types_to_them(self):
        @with_request_args(strict_checking=True)
        def find(request, limit: int = 10):
            return limit

        with pytest.raises(RequestArgsConversionError):
            find(get("limit=x"))

    def test_parameters_without_one_are_left_alone(self):
        @with_request_args
        def find(request, id: int, other="x"):
            return id, other

        assert find(get("id=1&other=2")) == (1, "x")

    def test_methods(self):
        class Pages:
            @with_request_args
            def show(self, request, id: int):
                return id

        assert Pages().show(get("id=4")) == 4


def test_any_function_converts():
    find = with_request_args(words=str.split, n=partial(int, base=16))(
        lambda request, words, n: (words, n)
    )
    assert find(get("words=a+b&n=ff")) == (["a", "b"], 255)
    with pytest.raises(RequestArgsConversionError):
        find(get("words=a&n=zz"))


def test_files_are_no_text():
    body = b'--B\r\nContent-Disposition: form-data; name="id"; filename="f"\r\n\r\n1\r\n--B--\r\n'
    environ = {
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "multipart/form-data; boundary=B",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
    with pytest.raises(RequestArgsConversionError):
        with_request_args(id=str)(lambda request, id: id)(Request(environ))


def test_the_decorated_function_keeps_its_name_and_refuses_what_is_no_request():
    assert handler.__name__ == "handler"
    with pytest.raises(TypeError, match="request"):
        handler()
    with pytest.raises(TypeError, match="converts nothing"):
        with_request_args(id=5)(lambda request, id: id)


def test_annotations_that_only_a_type_checker_knows_are_no_hindrance():
    names = {}
    exec(  # a module of its own: what it does not import, it does not have
        "from __future__ import annotations\n"
        "from tropea.core import with_request_args\n"
        "@with_request_args\n"
        "def show(request: Request, id: int, page: int = 1) -> Response:\n"
        "    return id, page\n",
        names,
    )
    assert names["show"](Request.blank("/?id=5")) == (5, 1)


def test_moments_and_choices_are_read():
    @with_request_args(at=datetime, colour=Literal["red", "blue"], size=Literal[1, 2])
    def show(request, at, colour, size):
        return at, colour, size

    assert show(Request.blank("/?at=2026-11-21T10:00:00&colour=red&size=2")) == (datetime(2026, 11, 21, 10), "red", 2)
    for query in ("at=noon&colour=red&size=1", "at=2026-11-21&colour=green&size=1", "at=2026-11-21&colour=red&size=3"):
        with pytest.raises(RequestArgsConversionError):
            show(Request.blank(f"/?{query}"))


def test_several_values_are_asked_for_with_a_list():
    with pytest.raises(TypeError, match="with a list"):
        with_request_args(ids=tuple[int, ...])(lambda request, ids: ids)
