"""Tell a developer who listens why a layer answered as it did (``tropea.core.probing``).

Pure: what happened goes in, a sentence comes out.  Nothing here runs while nobody listens.
"""

from __future__ import annotations

from tropea.core.preconditions import Verdict

#: Layers, as their notes name them.
CACHE_LAYER, CONDITIONAL_LAYER = "HTTP cache", "conditional requests"

#: Why the application was asked, by the words of RFC 9211 section 2.2 and our own.
_ASKED = {
    "uri-miss": "nothing is stored for this URL",
    "vary-miss": "what is stored is for other requests (Vary)",
    "stale": "what is stored is stale, or wants to be asked about",
    "request": "the client asked for a fresher answer, or for none to be stored",
    "partial": "only a part is stored",
    "bypass": "this condition, or a GET with a body, is the application's to answer",
    "method": "only GET and HEAD are answered from what is stored",
}
#: Why an answer was not stored, by the words of ``storing.refusal`` and of ``Keeping``.
_REFUSED = {
    "no-store": "the answer says no-store",
    "private": "the answer is private",
    "vary": "the answer varies on what no other request can match",
    "coding": "the answer varies on Accept-Encoding, and its coding is none that we tell apart",
    "set-cookie": "the answer sets a cookie",
    "authorization": "the request had credentials, and the answer does not say public",
    "cookie": "the request had a cookie, and the answer says neither public nor Vary: Cookie",
    "no-freshness": "the answer says nothing about how long it is fresh",
    "status": "answers of this status are not stored",
    "must-understand": "the answer wants its status to be understood",
    "error": "the application replaced its answer by another",
    "length": "the answer's Content-Length is no number",
    "too-large": "the answer is larger than the store takes",
    "partial": "the answer's Content-Range does not say what it holds",
    "store": "the store cannot take it",
}


def of_member(member: str) -> str:
    """Put our member of Cache-Status into words.

    >>> of_member("fwd=uri-miss; stored")
    'asked the application: nothing is stored for this URL; its answer is stored'
    >>> of_member("hit; ttl=5")
    'answered from what is stored: fresh for 5 s more'
    """
    said = dict(part.partition("=")[::2] for part in member.split("; "))
    if "hit" in said:
        return _of_hit(said)
    if said.get("detail") == "only-if-cached":
        return "answered 504: nothing fresh is stored, and the client asked for nothing else"
    reason = said.get("fwd", "")
    text = f"asked the application: {_ASKED.get(reason, reason)}"
    if said.get("fwd-status") == "304":
        return f"{text}; it confirmed with 304, and what is stored was sent"
    if "stored" in said:
        return f"{text}; its answer is stored"
    detail = said.get("detail")
    return f"{text}; not stored: {_REFUSED.get(detail, detail)}" if detail else text


def _of_hit(said: dict[str, str]) -> str:
    ttl = int(said.get("ttl", "0"))
    if said.get("detail") == "stale-if-error":
        return f"answered from what is stored, stale for {-ttl} s: the application failed"
    if "collapsed" in said:
        return "answered from what another request brought meanwhile (collapsed)"
    if ttl < 0:
        return f"answered from what is stored, stale for {-ttl} s, as the answer or client allows"
    return f"answered from what is stored: fresh for {ttl} s more"


def of_verdict(
    conditions: tuple[str | None, ...],
    verdict: Verdict,
    etag: str | None,
    modified: str | None,
) -> str:
    """Say which condition decided, and against what.

    conditions: the four fields, in the order of Conditions.

    >>> of_verdict((None, '"v1"', None, None), Verdict.NOT_MODIFIED, '"v1"', None)
    '304: If-None-Match "v1" names the current tag "v1"'
    """
    match, none_match, since, unmodified = conditions
    now = f"the current tag {etag}" if etag else "an answer without a tag"
    changed = f"last modified {modified}" if modified else "nobody knows when it was modified"
    if verdict is Verdict.FAILED:
        if match is not None:
            return f"412: If-Match {match} does not name {now}"
        if none_match is not None:
            return f"412: If-None-Match {none_match} names {now}"
        return f"412: {changed}, after If-Unmodified-Since {unmodified}"
    if verdict is Verdict.NOT_MODIFIED:
        if none_match is not None:
            return f"304: If-None-Match {none_match} names {now}"
        return f"304: not modified since {since}: {changed}"
    if none_match is not None:
        return f"sent in full: If-None-Match {none_match} does not name {now}"
    if since is not None:
        return f"sent in full: {changed}, the client asked since {since}"
    return "sent in full: the conditions hold"
