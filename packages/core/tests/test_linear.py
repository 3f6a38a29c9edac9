"""The tool that holds parsers to linear time can fail, and fails only where it should."""

import pytest

from tropea.core.testing import assert_linear


def test_what_is_linear_passes():
    assert_linear(lambda size: ("a," * size).split, 1000)


def test_what_is_constant_passes():
    assert_linear(lambda size: int, 1000)


def test_what_is_quadratic_fails_with_what_was_seen():
    with pytest.raises(AssertionError, match=r"4 times the input takes [\d., ]+ times"):
        assert_linear(lambda size: lambda: [0 for _ in range(size * size)], 100)


def test_an_expression_that_tries_again_from_every_place_fails():
    import re

    search = re.compile(r"a+$").search
    with pytest.raises(AssertionError, match="times the CPU time"):
        assert_linear(lambda size: lambda: search("a" * size + "b"), 500)


def test_one_undisturbed_try_is_enough(monkeypatch):
    from tropea.core.testing import linear

    seen = iter([16.0, 7.0, 5.9])
    monkeypatch.setattr(linear, "_ratio", lambda few, many, rounds: next(seen))
    assert_linear(lambda size: int, 1000)
    assert next(seen, None) is None
