"""Lines, arguments, flags and escapes of Apache's language, each on both sides of its limit."""

import pytest

from tropea.core.errors import OptionError
from tropea.rewrite import apache_rules
from tropea.rewrite.apache.lines import read_lines
from tropea.rewrite.errors import RuleSyntaxError


def read(text):
    return [(d.name, [str(word) for word in d.arguments()], d.line) for d in read_lines(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("# a comment", []),
        ("  # a comment\n\n \t\n", []),
        ("A b c", [("A", ["b", "c"], 1)]),
        ("\n  A\tb \n B", [("A", ["b"], 2), ("B", [], 3)]),
        ("A b\r\nB c\r\n", [("A", ["b"], 1), ("B", ["c"], 2)]),
        ("A \\\nb \\\n  c\nB", [("A", ["b", "c"], 1), ("B", [], 4)]),
        ("A b\\\\\nB", [("A", ["b\\\\"], 1), ("B", [], 2)]),
        ("\\\n  A b", [("A", ["b"], 1)]),
        ("A b\\", [("A", ["b"], 1)]),
        ("# A \\\nB c", []),
        ("A b\\\n", [("A", ["b"], 1)]),
        ("\\\n\\\n", []),
        ("# A\\", []),
        ('A "b c" d', [("A", ["b c", "d"], 1)]),
        ("A 'b \"c' d", [("A", ['b "c', "d"], 1)]),
        ('A ""', [("A", [""], 1)]),
        ('A b"c d"', [("A", ['b"c', 'd"'], 1)]),
        ("A b\\ c d", [("A", ["b\\ c", "d"], 1)]),
        ("A b\\c d\\", [("A", ["b\\c", "d"], 1)]),
        ("A b\\  c", [("A", ["b\\ ", "c"], 1)]),
        ('A "b\\" c"', [("A", ["b\\", 'c"'], 1)]),
        ("<IfModule x>", [("<IfModule", ["x>"], 1)]),
        ("</IfModule>", [("</IfModule", [], 1)]),
        ("\x1e", [("\x1e", [], 1)]),
        ("A\x1fb c", [("A\x1fb", ["c"], 1)]),
        ("A\x85b\xa0 c", [("A\x85b\xa0", ["c"], 1)]),
    ],
)
def test_lines_are_split_at_httpds_own_blanks(text, found):
    assert read(text) == found


def test_what_follows_the_name_is_the_rest():
    assert [d.rest for d in read_lines("A  b  c \nB\nC \t")] == ["b  c", "", ""]


def test_words_know_where_they_are_and_whether_they_were_quoted():
    (directive,) = read_lines('A  b "c d"')
    words = directive.arguments()
    assert [(word.at, word.quoted) for word in words] == [(3, False), (6, True)]


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ('A "b', 1, 3),
        ("\n  A b 'c d\"", 2, 7),
        ('A \\\n  "b', 2, 3),
        ('A b \\\n c \\\nd "e', 3, 3),
        ('  A \\\nb \\\n "', 3, 2),
    ],
)
def test_a_quote_that_is_open_is_pointed_at(text, line, column):
    with pytest.raises(RuleSyntaxError) as caught:
        read(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize("text", ["\x1e", "\x1c\x1d", "RewriteRule\x1f^a /b", "\x85"])
def test_a_control_is_no_directive_and_no_other_error(text):
    with pytest.raises((RuleSyntaxError, OptionError)):
        apache_rules(text)
