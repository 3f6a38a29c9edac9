"""Read from ``Accept`` what kind of answer a request is for.

Source: RFC 9110 section 12.5.1.
"""

from __future__ import annotations

from tropea.core.negotiation import parse_quality_list


def wants_html(field: str | None) -> bool:
    """Tell whether HTML is asked for by name: a page is being opened.

    A bare ``*/*`` is what scripts, style sheets and programs send.

    >>> wants_html("text/html,application/xhtml+xml,*/*;q=0.8"), wants_html("*/*")
    (True, False)
    """
    accepted = parse_quality_list(field or "")
    return any(accepted.get(kind, 0.0) > 0 for kind in ("text/html", "application/xhtml+xml"))


def prefers_json(field: str | None) -> bool:
    """Tell whether JSON is preferred to HTML.

    >>> prefers_json("application/json"), prefers_json("*/*"), prefers_json(None)
    (True, False, False)
    """
    accepted = parse_quality_list(field or "")
    json = accepted.get("application/json", 0.0)
    html = accepted.get("text/html", accepted.get("text/*", accepted.get("*/*", 0.0)))
    return json > 0 and json >= html
