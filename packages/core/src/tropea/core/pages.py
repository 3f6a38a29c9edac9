"""The small pages that stand where an application gave none: HTML, text or problem+json.

Source: RFC 9457 (problem details), RFC 9110 section 12.5.1 (Accept).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

from tropea.core.negotiation import parse_quality_list

HTML = "text/html; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"
PROBLEM = "application/problem+json"

#: What a client may name -> the page it gets.  The first is what it gets without a wish.
_OFFERS = (
    ("text/html", HTML),
    ("application/xhtml+xml", HTML),
    ("application/problem+json", PROBLEM),
    ("application/json", PROBLEM),
    ("text/plain", TEXT),
)
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>{status}</title></head>
<body>
<h1>{title}</h1>
{paragraphs}</body>
</html>
"""


@lru_cache(maxsize=128)  # browsers send few different ones
def choose_page(accept: str | None) -> str:
    """Choose the content type of an error page by the request's ``Accept``.

    >>> choose_page("application/json"), choose_page(None) == HTML, choose_page("image/png") == TEXT
    ('application/problem+json', True, True)
    """
    if not accept:
        return HTML
    wanted = parse_quality_list(accept)
    best, chosen = 0.0, TEXT
    for name, page in _OFFERS:
        wild = 0.0
        if page.startswith(name):  # a wildcard means what is sent, not its other names
            wild = wanted.get(name.partition("/")[0] + "/*", wanted.get("*/*", 0.0))
        quality = wanted.get(name, wild)
        if quality > best:
            best, chosen = quality, page
    return chosen


def _dump(problem: Mapping[str, Any]) -> str:
    """Write a problem; what has no JSON is text, for an error's page must not raise another."""
    try:
        return json.dumps(problem, default=str, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps({str(name): str(value) for name, value in problem.items()})


def render_page(
    content_type: str,
    status: str,
    sentences: tuple[str, ...] = (),
    members: Mapping[str, Any] | None = None,
    link: str | None = None,
) -> bytes:
    r"""Write the page of *status* as *content_type* has it; everything in it is escaped.

    sentences: shown one below the other; the last is the ``detail`` of a problem.
    members: further members of a problem (RFC 9457 section 3.2).
    link: where to go instead, for clients that do not follow a Location by themselves.

    >>> render_page(TEXT, "404 Not Found", ("No such recipe.",))
    b'404 Not Found\n\nNo such recipe.\n'
    """
    title = status[4:] or status
    if content_type == HTML:
        paragraphs = "".join(f"<p>{escape(text)}</p>\n" for text in sentences)
        if link is not None:
            paragraphs += f'<p><a href="{escape(link)}">{escape(link)}</a></p>\n'
        page = _PAGE.format(status=escape(status), title=escape(title), paragraphs=paragraphs)
    elif content_type == PROBLEM:
        problem: dict[str, Any] = {"title": title, "status": int(status[:3])}
        if sentences:
            problem["detail"] = sentences[-1]
        page = _dump({**problem, **(members or {})})
    else:
        page = "\n\n".join((status, *sentences, *([link] if link else ()))) + "\n"
    return page.encode("utf-8", "replace")
