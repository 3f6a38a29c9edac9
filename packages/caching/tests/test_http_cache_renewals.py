"""What is stored after the application was asked again: by somebody, in part, or at another time."""

import pytest

from tropea.caching import FileCacheStore

FRESH = [("Cache-Control", "max-age=60")]
ALICE = [("Cookie", "user=alice"), ("Authorization", "Bearer alice")]


def confirming(environ):
    return "304 Not Modified" if "HTTP_IF_NONE_MATCH" in environ else "200 OK"


class TestAPersonalConfirmation:
    """Answers to somebody are not shared (RFC 9111 section 3.5, and for cookies), a 304 neither."""

    @pytest.fixture
    def stale(self, cached, site, clock):
        """Make what is stored stale; the next 304 has a field for the one who asks."""
        site.fields = [*FRESH, ("ETag", '"v"')]
        get = cached()
        get()
        clock.now += 61
        site.fields = [*FRESH, ("ETag", '"v"'), ("X-Token", "alice's")]
        return get

    @pytest.mark.parametrize("mine", ALICE, ids=lambda pair: pair[0])
    def test_its_fields_are_for_the_one_who_asked_alone(self, stale, site, mine):
        site.status = confirming
        answer = stale("/", dict([mine]))
        assert (answer.body, answer.headers["x-token"]) == (b"answer 1", "alice's")
        answer = stale()
        assert (answer.body, "x-token" in answer.headers) == (b"answer 1", False)
        assert "hit; ttl=60" in answer.headers["cache-status"]  # that it holds is no secret

    @pytest.mark.parametrize("mine", ALICE, ids=lambda pair: pair[0])
    def test_what_was_public_before_says_nothing_of_its_fields(self, cached, site, clock, mine):
        site.fields = [("Cache-Control", "public, max-age=60"), ("ETag", '"v"')]
        get = cached()
        get()
        clock.now += 61
        site.fields, site.status = [("ETag", '"v"'), ("X-Token", "alice's")], confirming
        assert get("/", dict([mine])).headers["x-token"] == "alice's"
        assert "x-token" not in get().headers and site.calls == 2

    @pytest.mark.parametrize("mine", ALICE, ids=lambda pair: pair[0])
    def test_nor_are_those_of_a_head(self, stale, site, mine):
        assert stale("/", dict([mine]), method="HEAD").headers["x-token"] == "alice's"
        answer = stale()
        assert (answer.body, "x-token" in answer.headers) == (b"answer 1", False)

    @pytest.mark.parametrize("mine", ALICE, ids=lambda pair: pair[0])
    @pytest.mark.parametrize("word", ["public", "s-maxage=60", "must-revalidate"])
    def test_it_renews_for_all_where_the_application_says_so(self, stale, site, mine, word):
        site.fields = [("Cache-Control", f"max-age=60, {word}"), ("X-A", "new")]
        site.status = confirming
        stale("/", dict([mine]))
        answer = stale()
        assert (answer.headers["x-a"], site.calls) == ("new", 2)

    def test_a_confirmation_for_nobody_in_particular_renews(self, stale, site):
        site.status = confirming
        stale()
        assert (stale().headers["x-token"], site.calls) == ("alice's", 2)


class TestWhatTheApplicationTookBack:
    """A stale answer does not come back once the application has answered otherwise."""

    @pytest.fixture
    def stale(self, cached, site, clock):
        site.fields = [("Cache-Control", "max-age=60, stale-if-error=600"), ("ETag", '"v"')]
        get = cached()
        get()
        clock.now += 61
        return get

    @pytest.mark.parametrize("status", ["200 OK", "403 Forbidden", "404 Not Found", "410 Gone"])
    def test_neither_an_error_nor_a_patient_client_brings_it_back(self, stale, site, status):
        site.status, site.fields = status, [("Cache-Control", "private")]
        assert stale().body == b"answer 2"
        site.status, site.fields = "503 Service Unavailable", []
        assert stale().status == 503
        assert stale("/", {"Cache-Control": "max-stale"}).status == 503

    @pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found", "410 Gone"])
    def test_nor_after_a_head_that_tells_of_it(self, stale, site, status):
        site.status, site.fields = status, []
        assert stale(method="HEAD").status == int(status[:3])
        site.status = "503 Service Unavailable"
        assert [stale().status, stale("/", {"Cache-Control": "max-stale"}).status] == [503, 503]

    def test_a_later_confirmation_makes_it_good_again(self, stale, site, clock):
        site.status, site.fields = "403 Forbidden", [("Cache-Control", "no-store")]
        stale()
        site.status = confirming
        site.fields = [("Cache-Control", "max-age=60, stale-if-error=600"), ("ETag", '"v"')]
        assert stale().body == b"answer 1"
        clock.now += 61
        site.status = "503 Service Unavailable"
        assert stale().body == b"answer 1"

    @pytest.mark.parametrize("status", ["429 Too Many Requests", "408 Request Timeout", "500 Oh"])
    def test_what_is_about_the_client_or_an_error_takes_nothing_back(self, stale, site, status):
        site.status, site.fields = status, [("Cache-Control", "no-store")]
        stale()
        site.status = "503 Service Unavailable"
        assert stale().body == b"answer 1"

    def test_what_is_fresh_stays_so(self, cached, site):
        site.fields = FRESH
        get = cached()
        get()
        site.fields = [("Cache-Control", "private")]
        assert get("/", {"Cache-Control": "no-cache"}).body == b"answer 2"
        assert get().body == b"answer 1"


class TestPartsOfOneVersion:
    """RFC 9111 section 3.4: fields that the new part lacks are those of the held one."""

    def parts(self, site, *, lean):
        def fields(environ):
            start, stop = (5, 9) if "HTTP_IF_RANGE" in environ else (0, 4)
            common = [*FRESH, ("ETag", '"v"'), ("Content-Range", f"bytes {start}-{stop}/10")]
            return common if start and lean else [*common, ("X-Theme", "dark")]

        site.fields, site.status = fields, "206 Partial Content"
        site.body = lambda call: [b"56789" if "HTTP_IF_RANGE" in site.seen[-1] else b"01234"]

    def test_a_whole_that_is_completed_keeps_them(self, cached, site):
        self.parts(site, lean=True)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        for answer in (get(), get()):
            assert (answer.status, answer.body) == (200, b"0123456789")
            assert (answer.headers["x-theme"], answer.headers["content-length"]) == ("dark", "10")

    def test_parts_that_are_joined_keep_them(self, cached, site):
        self.parts(site, lean=True)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        get("/", {"Range": "bytes=5-9", "If-Range": '"v"'})
        answer = get()
        assert (answer.status, answer.body, site.calls) == (200, b"0123456789", 2)
        assert (answer.headers["x-theme"], answer.headers["content-length"]) == ("dark", "10")

    def test_a_rest_that_is_gone_makes_the_whole_be_asked_for(self, cached, site):
        self.parts(site, lean=False)
        get = cached()
        get("/", {"Range": "bytes=0-4"})
        site.fields, site.body = FRESH, None
        site.status = lambda e: "416 Range Not Satisfiable" if "HTTP_RANGE" in e else "200 OK"
        answer = get()  # its client has asked for no range
        assert (answer.status, answer.body) == (200, b"answer 3")


class TestAClockThatIsSetBack:
    """What was stored in the future has no age that anybody knows."""

    def test_what_is_stored_is_asked_about(self, cached, site, clock):
        site.fields = [*FRESH, ("ETag", '"v"')]
        get = cached()
        get()
        clock.now -= 86400
        site.status = confirming
        answer = get()
        assert (answer.status, answer.body, site.calls) == (200, b"answer 1", 2)
        assert answer.headers["cache-status"] == "tropea; fwd=stale; fwd-status=304"
        assert "hit; ttl=60" in get().headers["cache-status"]

    def test_it_does_not_stand_in_for_an_error_unasked(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        clock.now -= 86400
        site.status, site.fields = "503 Service Unavailable", []
        assert get().status == 503

    def test_clocks_of_two_machines_may_differ_a_little(self, cached, site, clock):
        site.fields = FRESH
        get = cached()
        get()
        clock.now -= 5
        answer = get()
        assert (answer.body, answer.headers["age"]) == (b"answer 1", "0")


@pytest.mark.parametrize(
    "headers", [{"Cache-Control": "no-store"}, {"If-Match": '"v"'}, {"If-Unmodified-Since": "x"}]
)
def test_what_is_not_to_be_kept_leaves_nothing_on_disk(cached, site, clock, tmp_path, headers):
    site.fields = [*FRESH, ("ETag", '"v"')]
    get = cached(store=FileCacheStore(tmp_path, clock=clock))
    get("/", headers)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_server_that_fails_to_start_the_answer_leaves_nothing_on_disk(
    cached, site, clock, tmp_path, environ_of
):
    site.fields = FRESH
    get = cached(store=FileCacheStore(tmp_path, clock=clock))

    def broken(status, fields, exc_info=None):
        raise OSError("the connection is gone")

    with pytest.raises(OSError, match="gone"):
        get.layer(environ_of("/"), broken)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(("coding", "kept"), [("gzip", 1), ("BR", 1), ("lz4", 0), ("gzip, lz4", 0)])
def test_a_coding_that_requests_are_not_told_apart_by_is_not_shared(cached, site, coding, kept):
    site.fields = [*FRESH, ("Vary", "Accept-Encoding"), ("Content-Encoding", coding)]
    get = cached()
    get("/", {"Accept-Encoding": "lz4, gzip, br"})
    assert len(get.layer.store) == kept
    site.fields = [*FRESH, ("Vary", "Accept-Encoding")]
    assert get("/", {"Accept-Encoding": "foo"}).body == b"answer 2"


def test_an_answer_with_two_lengths_is_not_stored(cached, site):
    site.fields = [*FRESH, ("Content-Length", "8"), ("Content-Length", "80")]
    get = cached()
    get(check=False)
    assert len(get.layer.store) == 0
