"""Inputs that end where the body does."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core import LimitedInput
from tropea.core.foundation import webob
from tropea.core.inputs import open_input, read_body, spool


class Endless:
    """A socket: reading past the body would wait for ever."""

    def __init__(self, content):
        self._content = BytesIO(content)
        self.left = len(content)

    def read(self, size=-1):
        assert 0 <= size <= self.left, "would block"
        self.left -= size
        return self._content.read(size)

    def readline(self, size=-1):
        assert 0 <= size <= self.left, "would block"
        line = self._content.readline(size)
        self.left -= len(line)
        return line


STEPS = st.lists(
    st.tuples(st.sampled_from(["read", "readline", "readlines", "iter"]), st.integers(-1, 50)),
    max_size=8,
)


@given(st.binary(max_size=300), STEPS)
def test_it_reads_like_a_file_and_never_past_the_end(content, steps):
    ours, theirs = LimitedInput(Endless(content), len(content)), BytesIO(content)
    for step, size in [*steps, ("read", -1), ("read", 5), ("readline", -1)]:
        if step == "iter":
            assert next(iter(ours), b"") == next(iter(theirs), b"")
        else:
            assert getattr(ours, step)(size) == getattr(theirs, step)(size)


def test_lines_longer_than_a_block():
    content = b"x" * 200_000 + b"\nend"
    limited = LimitedInput(Endless(content), len(content))
    assert len(limited.readline()) == 200_001
    assert limited.readline() == b"end"
    assert limited.readline() == b""


def test_an_input_that_marks_its_own_end_is_read_to_it():
    assert LimitedInput(BytesIO(b"hello")).read() == b"hello"


def test_and_not_beyond_its_limit():
    with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
        LimitedInput(BytesIO(b"hello"), limit=4).read()


def test_length_counts_even_where_the_input_marks_its_end():
    environ = {
        "CONTENT_LENGTH": "2",
        "wsgi.input_terminated": True,
        "wsgi.input": BytesIO(b"hello"),
    }
    assert read_body(environ) == b"he"


def test_zeros_in_front_do_not_make_a_number_large():
    assert read_body({"CONTENT_LENGTH": "0" * 100 + "2", "wsgi.input": BytesIO(b"hi")}) == b"hi"


def test_no_input_is_an_empty_one():
    assert open_input({}).read() == b""


@pytest.mark.parametrize("size", [0, 10, 1000, 70_000, 200_000])
def test_what_is_spooled_is_what_was_read(size):
    content = bytes(size)
    copy, length = spool(LimitedInput(Endless(content), size), 1000)
    with copy:
        assert (copy.read(), length) == (content, size)
        assert isinstance(copy, BytesIO) == (size <= 1000)
