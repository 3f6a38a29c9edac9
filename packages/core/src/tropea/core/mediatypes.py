"""Media types with their parameters, and the character sets that a client may name.

Source: RFC 9110 section 8.3.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

_PARAMETER = re.compile(
    r'[ \t]*;[ \t]*(?:([!#$%&\'*+\-.^_`|~0-9A-Za-z]+)=("(?:[^"\\]|\\.)*+"|[^\s";,]*))?', re.DOTALL
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
#: Characters of a Content-Type that are read; honest ones are far shorter.
_LONGEST = 2048
#: Codecs for text alone: Python has others that unpack archives or need quadratic time.
_TEXT = re.compile(
    r"utf-8(-sig)?|utf-16(-[lb]e)?|utf-32(-[lb]e)?|ascii|iso8859-[0-9]+|latin-?1|cp[0-9]{3,4}"
    r"|koi8-[rtu]|mac-[a-z]+|shift_jis(x0213)?|euc_(jp|kr|jis_2004)|gb2312|gbk|gb18030|big5(hkscs)?"
    r"|tis-620|johab|kz1048|ptcp154|hz"
).fullmatch


def parse_media_type(field: str | None) -> tuple[str, list[tuple[str, str]]]:
    r"""Split a Content-Type into its type in lower case and its parameters in order.

    Names are lower-cased, values unquoted; what is malformed ends the list.

    >>> parse_media_type('Text/HTML; Charset="utf-8"; q=1')
    ('text/html', [('charset', 'utf-8'), ('q', '1')])
    """
    if not field:
        return "", []
    kind, semicolon, _ = field.partition(";")
    parameters: list[tuple[str, str]] = []
    if semicolon:
        text = field[:_LONGEST]
        place = len(kind)
        while (match := _PARAMETER.match(text, place)) is not None:
            place = match.end()
            if match[1]:
                value = match[2]
                if value.startswith('"'):
                    value = _QUOTED_PAIR.sub(r"\1", value[1:-1])
                parameters.append((match[1].lower(), value))
    return kind.strip(" \t").lower(), parameters


def parameter(parameters: list[tuple[str, str]], name: str) -> str | None:
    """Return the one value of a parameter; None when absent.

    Raises ValueError when it is given twice with different values: two readers would take
    different ones.
    """
    values = {value for key, value in parameters if key == name}
    if len(values) > 1:
        raise ValueError(f"{name} is given twice")
    return values.pop() if values else None


@lru_cache(maxsize=64)
def text_codec(name: str) -> str:
    """Return Python's name of a character set; raise ValueError for one that is not for text.

    >>> text_codec("UTF8"), text_codec("ISO-8859-1")
    ('utf-8', 'iso8859-1')
    """
    if len(name) <= 40 and name.isascii():
        try:
            found = codecs.lookup(name).name
        except (LookupError, ValueError):
            found = ""
        if _TEXT(found):
            return found
    raise ValueError(f"unknown charset: {name[:40]!r}")
