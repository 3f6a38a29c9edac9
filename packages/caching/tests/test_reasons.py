"""What the layers tell a developer who listens: why a 304, a hit, a miss, a renewal happened."""

import pytest

from tropea.caching import etag_middleware, with_etag
from tropea.caching.reasons import of_member
from tropea.caching.storing import refusal
from tropea.core.entitytags import EntityTag
from tropea.core.preconditions import Representation
from tropea.core.probing import Trace

FRESH = [("Cache-Control", "max-age=60")]
CACHE, CONDITIONAL = "HTTP cache", "conditional requests"


@pytest.fixture
def told():
    """Ask with a trace in environ; return the answer and what the layers said."""

    def ask(get, path="/", headers=None, method="GET", **more):
        trace = Trace()
        answer = get(path, headers, method, **{"tropea.trace": trace}, **more)
        return answer, trace.notes

    return ask


class TestCache:
    def test_a_miss_and_a_hit(self, cached, site, told):
        site.fields, get = FRESH, cached()
        assert told(get)[1] == [
            (
                CACHE,
                "asked the application: nothing is stored for this URL; its answer is stored",
            )
        ]
        assert told(get)[1] == [(CACHE, "answered from what is stored: fresh for 60 s more")]

    @pytest.mark.parametrize(
        ("fields", "why"),
        [
            ([("Cache-Control", "no-store")], "the answer says no-store"),
            ([("Cache-Control", "private")], "the answer is private"),
            ([("Set-Cookie", "a=b"), *FRESH], "the answer sets a cookie"),
            ([("Vary", "*"), *FRESH], "the answer varies on what no other request can match"),
            ([], "the answer says nothing about how long it is fresh"),
            ([("Content-Length", "x"), *FRESH], "the answer's Content-Length is no number"),
        ],
        ids=str,
    )
    def test_why_an_answer_is_not_stored(self, cached, site, told, fields, why):
        site.fields = fields
        ((layer, text),) = told(cached(), check=False)[1]
        assert (layer, text.partition("; not stored: ")[2]) == (CACHE, why)

    def test_why_what_is_stored_did_not_do(self, cached, site, told, clock):
        site.fields, get = [*FRESH, ("Vary", "X-A"), ("ETag", '"v"')], cached()
        get(headers={"X-A": "1"})
        assert "for other requests (Vary)" in told(get, "/", {"X-A": "2"})[1][0][1]
        asked = {"X-A": "1", "Cache-Control": "no-cache"}
        assert "asked for a fresher answer" in told(get, "/", asked)[1][0][1]
        clock.now += 61
        site.status = "304 Not Modified"
        assert told(get, "/", {"X-A": "1"})[1][0][1].endswith(
            "stale, or wants to be asked about; it confirmed with 304, and what is stored was sent"
        )

    def test_stale_answers_say_why_they_are_sent(self, cached, site, told, clock):
        site.fields = [
            ("Cache-Control", "max-age=60, stale-while-revalidate=30, stale-if-error=90")
        ]
        get = cached()
        get()
        clock.now += 70
        assert "stale for 10 s, as the answer" in told(get)[1][0][1]
        clock.now += 30
        site.status = "503 Down"
        assert told(get)[1][0][1].endswith("stale for 40 s: the application failed")

    def test_what_is_not_a_caches_to_answer(self, cached, site, told):
        get = cached()
        assert "only GET and HEAD" in told(get, method="POST")[1][0][1]
        assert "only GET and HEAD" in told(get, method="OPTIONS")[1][0][1]
        assert "the application's to answer" in told(get, headers={"If-Match": '"x"'})[1][0][1]
        assert "answered 504" in told(get, headers={"Cache-Control": "only-if-cached"})[1][0][1]

    def test_a_cache_without_a_name_tells_it_all_the_same(self, cached, site, told):
        site.fields, get = FRESH, cached(name="")
        told(get)
        assert told(get)[1] == [(CACHE, "answered from what is stored: fresh for 60 s more")]

    def test_every_refusal_has_its_words(self):
        seen = {
            refusal(environ, status, fields, directives, vary=vary)
            for environ in ({}, {"HTTP_COOKIE": "a"}, {"HTTP_AUTHORIZATION": "x"})
            for status in (200, 304, 599)
            for fields in ([], [("Set-Cookie", "a=b")])
            for directives in ({}, {"no-store": None}, {"private": None}, {"must-understand": None})
            for vary in (None, ())
        } - {None}
        assert len(seen) == 9
        for reason in seen:
            assert not of_member(f"fwd=uri-miss; detail={reason}").endswith(f": {reason}")


class TestConditional:
    @pytest.fixture
    def ask(self, fetch, answer_with, told):
        def ask(headers, *fields, method="GET", **options):
            app = answer_with(*fields)

            def get(path, headers, method, **more):
                return fetch(etag_middleware(app, **options), path, method, headers, **more)

            answer, notes = told(get, "/", headers, method)
            return answer.status, notes

        return ask

    @pytest.mark.parametrize(
        ("headers", "status", "text"),
        [
            ({"If-None-Match": '"v"'}, 304, 'If-None-Match "v" names the current tag "v"'),
            ({"If-None-Match": '"x"'}, 200, 'If-None-Match "x" does not name the current tag "v"'),
            ({"If-Match": '"x"'}, 412, 'If-Match "x" does not name the current tag "v"'),
            (
                {"If-Modified-Since": "Sun, 06 Nov 1994 08:49:37 GMT"},
                304,
                "not modified since Sun, 06 Nov 1994 08:49:37 GMT: last modified Sun, 06 Nov 1994",
            ),
            ({"If-Modified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 200, "sent in full: last"),
            ({"If-Unmodified-Since": "Sun, 06 Nov 1994 08:49:36 GMT"}, 412, "after If-Unmodified"),
            ({"If-Match": '"v"'}, 200, "the conditions hold"),
        ],
        ids=str,
    )
    def test_which_condition_decided(self, ask, headers, status, text):
        got, notes = ask(
            headers, ("ETag", '"v"'), ("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT")
        )
        ((layer, said),) = notes
        assert (got, layer) == (status, CONDITIONAL)
        assert text in said

    def test_a_request_without_conditions_says_nothing(self, ask):
        assert ask({}, ("ETag", '"v"')) == (200, [])

    def test_a_tag_that_was_made_is_told(self, ask):
        status, notes = ask({}, ("Content-Length", "5"), auto_etag=True)
        assert status == 200 and notes[0][1].startswith('made the tag "')
        assert notes[0][1].endswith('" of 5 bytes')

    def test_a_refused_change_says_why(self, ask):
        def held(environ):
            return Representation(EntityTag("v"), None)

        status, notes = ask({"If-Match": '"x"'}, method="PUT", validators=held)
        assert (status, notes) == (
            412,
            [(CONDITIONAL, '412: If-Match "x" does not name the current tag "v"')],
        )

    def test_a_handler_that_refuses_says_why(self):
        from tropea.core import Request, Response

        @with_etag(lambda request: "v")
        def view(request):
            return Response("x")

        request = Request.blank("/", method="PUT", headers={"If-None-Match": "*"})
        trace = Trace.begin(request.environ)
        assert view(request).status_code == 412
        assert trace.notes == [(CONDITIONAL, '412: If-None-Match * names the current tag "v"')]


def test_without_a_listener_nothing_is_put_into_words(cached, site, monkeypatch):
    import tropea.caching.fetching
    import tropea.caching.httpcache

    def fail(text):
        raise AssertionError(text)

    for module in (tropea.caching.fetching, tropea.caching.httpcache):
        monkeypatch.setattr(module, "of_member", fail)
    site.fields, get = FRESH, cached()
    assert get().body == get().body
