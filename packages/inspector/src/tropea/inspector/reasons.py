"""Tell why an answer is as it is, as far as it can be seen from between the layers.

Layers of ours say more with ``note``; what is told here holds for anybody's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tropea.core.dates import parse_date
from tropea.core.entitytags import parse_list, read_tag
from tropea.core.fields import Fields, get
from tropea.core.keys import TRACE
from tropea.core.probing import Trace, Visit

Reason = tuple[int, str]


def reasons(trace: Trace, wrapping: frozenset[int] = frozenset()) -> list[Reason]:
    """Return pairs of a visit's index and text, in the order of the visits.

    wrapping: places of the applications that wrap another one: when such a one calls nothing, it
        answered itself.
    """
    inner: dict[int, list[Visit]] = {}
    for visit in trace.visits:
        if visit.parent is not None:
            inner.setdefault(visit.parent, []).append(visit)
    return [
        (index, text)
        for index, visit in enumerate(trace.visits)
        for text in _of(visit, inner.get(index, ()), wraps=visit.place in wrapping)
    ]


def _of(visit: Visit, inner: Sequence[Visit], *, wraps: bool) -> Iterator[str]:
    for called in inner[:1]:
        yield from _moved(visit.before, called.before)
    if len(inner) > 1:
        yield f"asked what is inside it {len(inner)} times"
    if visit.error and not any(called.error for called in inner):
        yield f"raised {visit.error}"
    if wraps and not inner and not visit.error:
        yield "answered itself; nothing inside it was asked"
    own = not inner or inner[-1].status != visit.status
    if inner and own and visit.status and inner[-1].status:
        yield f"made {visit.status} of {inner[-1].status}"
    if own and visit.status:
        yield from _head(visit)


def _moved(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Compare what was asked for with what was handed on; a mount moves, it does not rewrite."""
    old, new = _asked(before), _asked(after)
    if old != new:
        yield f"made {new} of {old}"
    method = before.get("REQUEST_METHOD"), after.get("REQUEST_METHOD")
    if method[0] != method[1]:
        yield f"made {method[1]} of {method[0]}"


def _asked(environ: Mapping[str, Any]) -> str:
    path = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}" or "/"
    return f"{path}?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else path


def _head(visit: Visit) -> Iterator[str]:
    status, headers = visit.status[:3], visit.headers
    if status == "304":
        yield _unchanged(visit.before, headers)
    elif status == "206":
        yield f"a part was asked for: {visit.before.get('HTTP_RANGE', '')}"
    elif status[:1] == "3" and get(headers, "Location"):
        yield f"sends to {get(headers, 'Location')}"
    elif status == "405" and get(headers, "Allow"):
        yield f"allows {get(headers, 'Allow')}"
    age, told = get(headers, "Age"), get(headers, "Cache-Status")
    if age is not None:
        yield f"out of a cache, {age} s old"
    if told is not None:
        yield f"Cache-Status: {told}"


def _unchanged(asked: Mapping[str, Any], headers: Fields) -> str:
    """Name the condition that a 304 answers.  Source: RFC 9110 section 13.2.2."""
    known, tag = asked.get("HTTP_IF_NONE_MATCH"), read_tag(get(headers, "ETag"))
    if known is not None:
        if known.strip() == "*":
            return "If-None-Match is * and there is something"
        if tag is not None and any(tag.is_equivalent(one) for one in parse_list(known)):
            return f"If-None-Match names the current tag {tag}"
        return "If-None-Match is what the client asked with"
    since, modified = asked.get("HTTP_IF_MODIFIED_SINCE"), get(headers, "Last-Modified")
    if since is None:
        return "the client asked under no condition"
    if modified is not None and (parse_date(modified) or 0) <= (parse_date(since) or 0):
        return f"not modified since {since}: last modified {modified}"
    return f"not modified since {since}"


def put(visit: Visit) -> dict[str, tuple[Any, Any]]:
    """Compare the environ that an innermost application got with the one that it left."""
    before, after = visit.before, visit.after
    names = [*before, *(name for name in after if name not in before)]
    return {
        name: (before.get(name), after.get(name))
        for name in names
        if name != TRACE and _differ(before.get(name), after.get(name))
    }


def _differ(old: Any, new: Any) -> bool:
    if old is new:
        return False
    try:
        return type(old) is not type(new) or bool(old != new)
    except Exception:  # somebody's __ne__
        return True
