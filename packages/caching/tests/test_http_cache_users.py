"""Whatever an application says, in whatever order, nothing that is one user's reaches another."""

import random

import pytest

from tropea.caching import HTTPCacheMiddleware, MemoryCacheStore

CACHE_CONTROL = (
    "max-age=60", "private, max-age=60", "no-store", "public, max-age=60", "s-maxage=5", "no-cache",
    "max-age=1, stale-while-revalidate=30", "max-age=1, stale-if-error=30",
    "max-age=60, must-revalidate", None,
)  # fmt: skip
FOR_ALL = ("public", "s-maxage", "must-revalidate")
STATUSES = ("200 OK",) * 8 + ("404 Not Found", "500 Oops", "503 Busy")


class Gossip:
    """An application that talks of its user in body and fields wherever that is not for sharing."""

    def __init__(self, chance):
        self.chance = chance

    def __call__(self, environ, start_response):
        chance = self.chance
        user, key = environ.get("HTTP_COOKIE", ""), environ.get("HTTP_AUTHORIZATION", "")
        control, tag = chance.choice(CACHE_CONTROL), f'"{chance.randrange(2)}"'
        fields = [("Content-Type", "text/plain")]
        fields += [("Cache-Control", control)] if control else []
        fields += [("ETag", tag)] if chance.random() < 0.6 else []
        fields += [("Vary", chance.choice(["Cookie", "Accept", "X-A"]))] * (chance.random() < 0.3)
        fields += [("Set-Cookie", f"of={user}|{key}")] if chance.random() < 0.2 else []
        mine = (user or key) and not any(word in (control or "") for word in FOR_ALL)
        said = f"of={user}|{key}" if mine or "private" in (control or "") else "of nobody"
        fields.append(("X-Note", said))
        if environ.get("HTTP_IF_NONE_MATCH") == tag and ("ETag", tag) in fields:
            start_response("304 Not Modified", fields)
            return []
        body, status = said.encode(), chance.choice(STATUSES)
        if environ.get("HTTP_RANGE") == "bytes=0-3" and status == "200 OK":
            span = [("Content-Range", f"bytes 0-3/{len(body)}")]
            start_response("206 Partial Content", fields + span)
            return [body[:4]]
        start_response(status, fields)
        if environ["REQUEST_METHOD"] == "HEAD":
            return []
        return [body] if chance.random() < 0.5 else iter([body[:3], body[3:]])


def wishes(chance):
    """Make up what a request says of its user, and what it asks of the cache."""
    headers = {}
    for name, part, values in (
        ("Cookie", 0.5, ("u=a", "u=b")),
        ("Authorization", 0.2, ("Bearer a", "Bearer b")),
        ("Range", 0.2, ("bytes=0-3", "bytes=2-5", "bytes=-2")),
        ("If-None-Match", 0.2, ('"0"', '"1"', "*")),
        ("Cache-Control", 0.2, ("no-cache", "max-age=0", "max-stale", "max-stale=9", "no-store")),
        ("X-A", 0.2, ("1", "2")),
    ):
        if chance.random() < part:
            headers[name] = chance.choice(values)
    return headers


def is_anothers(said, headers):
    """Tell whether *said* speaks of somebody else than the one who sent *headers*."""
    _, marked, who = said.partition("of=")
    user, _, key = who.partition("|")
    others_key = key and key != headers.get("Authorization", "")
    return bool(marked) and (user != headers.get("Cookie", "") or bool(others_key))


@pytest.mark.parametrize("seed", range(100))
def test_nobody_hears_of_another(fetch, clock, seed):
    chance, jobs = random.Random(seed), []
    layer = HTTPCacheMiddleware(
        Gossip(chance), MemoryCacheStore(), clock=clock, background=jobs.append, collapse_timeout=0
    )
    for _ in range(40):
        clock.now += chance.choice((0, 0, 1, 3, 30, 100, -500 if chance.random() < 0.05 else 0))
        headers = wishes(chance)
        method = chance.choice(("GET",) * 8 + ("HEAD", "POST"))
        answer = fetch(layer, "/page", method, headers, check=False)
        said = [answer.headers.get("x-note", ""), answer.headers.get("set-cookie", "")]
        if "content-range" not in answer.headers:
            said.append(answer.body.decode())
        assert not [text for text in said if is_anothers(text, headers)], (headers, answer)
        while jobs and chance.random() < 0.7:
            jobs.pop()()
