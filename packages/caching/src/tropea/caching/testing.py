"""Prove that a store keeps the contract of ``tropea.caching.CacheStore``.

Derive a test class and return a new, empty store from ``make_store``; pytest does the rest:

    class TestMyStore(CacheStoreContract):
        def make_store(self, clock):
            return MyStore(clock=clock)
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry
from tropea.caching.freshness import Policy
from tropea.caching.stores.base import MAX_VARIANTS, PRIVATE, CacheStore, SharedStore
from tropea.core.closing import close
from tropea.core.stores import StoreBusy

KEY = Key("http", "example.com", "/page", "a=1")
OTHER = Key("http", "example.com", "/page", "a=2")


def make_entry(key: Key = KEY, **values: object) -> Entry:
    """Build an entry of the present, which a store may drop in an hour."""
    given: dict[str, object] = {
        "uri": key.uri, "status": "200 OK", "fields": [("Content-Type", "text/plain")],
        "born": 1000.0, "until": 4600.0, "policy": Policy(60.0),
    }  # fmt: skip
    return Entry(**(given | values))  # type: ignore[arg-type]  # the caller names the fields


class CacheStoreContract:
    """What every store of an HTTP cache has to do."""

    def make_store(self, clock: Callable[[], float]) -> CacheStore:
        """Return a new, empty store; *clock* is in seconds since the epoch."""
        raise AssertionError("make_store says which store is tested")

    def setup_method(self) -> None:
        self.now = 1000.0
        self.store = self.make_store(lambda: self.now)

    def teardown_method(self) -> None:
        self.store.close()

    def put(self, key: Key = KEY, body: bytes = b"body", **values: object) -> Entry:
        entry = make_entry(key, **values)
        writer = self.store.writer(key, entry)
        for start in range(0, len(body), 1000):
            writer.write(body[start : start + 1000])
        writer.commit(entry.changed(size=len(body)))
        return entry.changed(size=len(body))

    def read(self, entry: Entry, start: int = 0, stop: int | None = None, key: Key = KEY) -> bytes:
        held = next(e for e in self.store.load(key) if e.id == entry.id)
        blocks = self.store.open(key, held, start, held.size if stop is None else stop)
        assert blocks is not None
        try:
            return b"".join(blocks)
        finally:
            close(blocks)

    def test_an_empty_store_has_nothing(self) -> None:
        assert list(self.store.load(KEY)) == []
        assert self.store.open(KEY, make_entry(size=1), 0, 1) is None

    def test_what_is_put_comes_back_as_it_was(self) -> None:
        entry = self.put(
            fields=[("ETag", '"\xe9"'), ("X", "1"), ("X", "2")], variant=(("accept", None),),
            policy=Policy(1.5, validate=True, while_revalidating=2, if_error=3),
            tags=("t:a",), born=999.25,
        )  # fmt: skip
        (held,) = self.store.load(KEY)
        assert held == entry
        assert self.read(entry) == b"body"

    def test_any_bytes_are_kept(self) -> None:
        body = bytes(range(256)) * 40
        assert self.read(self.put(body=body)) == body
        assert self.read(self.put(body=b"")) == b""

    def test_a_part_of_a_body_is_read(self) -> None:
        entry = self.put(body=b"0123456789")
        assert self.read(entry, 2, 5) == b"234"
        assert self.read(entry, 9, 10) == b"9"

    def test_nothing_is_seen_before_commit(self) -> None:
        entry = make_entry()
        writer = self.store.writer(KEY, entry)
        writer.write(b"half")
        assert list(self.store.load(KEY)) == []
        writer.abort()
        writer.abort()
        assert list(self.store.load(KEY)) == []

    def test_an_aborted_body_leaves_the_old_one(self) -> None:
        entry = self.put(body=b"old")
        writer = self.store.writer(KEY, make_entry())
        writer.write(b"new")
        writer.abort()
        assert self.read(entry) == b"old"

    def test_the_newest_of_a_variant_takes_its_place(self) -> None:
        self.put(body=b"old")
        entry = self.put(body=b"newer")
        assert [held.body for held in self.store.load(KEY)] == [entry.body]
        assert self.read(entry) == b"newer"

    def test_variants_live_beside_each_other(self) -> None:
        one = self.put(body=b"1", variant=(("accept", "a"),))
        two = self.put(body=b"2", variant=(("accept", "b"),))
        assert len(self.store.load(KEY)) == 2
        assert (self.read(one), self.read(two)) == (b"1", b"2")

    def test_of_too_many_variants_the_latest_are_kept(self) -> None:
        for number in range(MAX_VARIANTS + 6):
            variant = (("accept", f"{number}"),)
            entry = self.put(body=b"%d" % number, variant=variant, born=1000.0 + number)
            assert self.read(entry) == b"%d" % number
            assert len(self.store.load(KEY)) <= MAX_VARIANTS

    def test_keys_do_not_mix(self) -> None:
        self.put()
        assert list(self.store.load(OTHER)) == []

    def test_update_replaces_the_head_and_keeps_the_body(self) -> None:
        entry = self.put()
        self.store.update(KEY, entry.changed(fields=[("X", "new")], until=9000.0))
        (held,) = self.store.load(KEY)
        assert held.fields == [("X", "new")]
        assert self.read(entry) == b"body"

    def test_update_brings_nothing_back(self) -> None:
        entry = self.put()
        self.store.delete(KEY)
        self.store.update(KEY, entry)
        assert list(self.store.load(KEY)) == []

    def test_update_of_a_replaced_entry_does_nothing(self) -> None:
        old = self.put(body=b"old")
        new = self.put(body=b"new")
        self.store.update(KEY, old.changed(fields=[("X", "stale")]))
        (held,) = self.store.load(KEY)
        assert held == new

    def test_delete_forgets_every_variant(self) -> None:
        self.put(variant=(("accept", "a"),))
        self.put(variant=(("accept", "b"),))
        self.put(OTHER)
        self.store.delete(KEY)
        assert list(self.store.load(KEY)) == []
        assert len(self.store.load(OTHER)) == 1

    def test_what_is_absent_can_be_deleted(self) -> None:
        self.store.delete(KEY)
        self.store.delete_tag("t:none")
        self.store.delete_prefix("http://nowhere/")

    def test_a_tag_forgets_what_carries_it(self) -> None:
        self.put(tags=("t:a", "t:b"))
        self.put(OTHER, tags=("t:b",))
        self.store.delete_tag("t:a")
        assert list(self.store.load(KEY)) == []
        assert len(self.store.load(OTHER)) == 1

    def test_what_is_stored_after_a_purge_stays(self) -> None:
        self.put(tags=("t:a",))
        self.store.delete_tag("t:a")
        self.store.delete_prefix("http://example.com/")
        self.now += 1
        self.put(tags=("t:a",))
        assert len(self.store.load(KEY)) == 1

    def test_a_prefix_forgets_what_begins_with_it(self) -> None:
        near = Key("http", "example.com", "/page/2", "")
        far = Key("http", "example.com", "/pages", "")
        host = Key("http", "example.com.evil", "/page", "")
        for key in (KEY, near, far, host):
            self.put(key)
        self.store.delete_prefix("http://example.com/page/")
        left = [key for key in (KEY, near, far, host) if self.store.load(key)]
        assert left == [KEY, far, host]

    def test_what_is_too_old_is_not_loaded(self) -> None:
        self.put(until=1500.0)
        self.now = 1501.0
        assert [entry for entry in self.store.load(KEY) if entry.until > self.now] == []

    def test_threads_never_see_a_mixture(self) -> None:
        wrong: list[bytes] = []

        def work(number: int) -> None:
            for turn in range(15):
                letter = b"%d" % ((number + turn) % 10)
                with contextlib.suppress(StoreBusy):  # it may say no, but never lie
                    self.put(body=letter * 5000, fields=[("X", letter.decode())])
                for entry in self.store.load(KEY):
                    blocks = self.store.open(KEY, entry, 0, entry.size)
                    data = None if blocks is None else b"".join(blocks)
                    if blocks is not None:
                        close(blocks)
                    if data is not None and data != entry.fields[0][1].encode() * 5000:
                        wrong.append(data[:10])

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []


class SharedStoreContract(CacheStoreContract):
    """What a store has to do besides, so that processes agree on who asks the application."""

    def pass_time(self, seconds: float) -> None:
        """Let *seconds* pass; override it where the store does not go by our clock."""
        self.now += seconds

    @property
    def shared(self) -> SharedStore:
        assert isinstance(self.store, SharedStore)
        return self.store

    def test_the_first_mark_is_the_one_that_all_are_told(self) -> None:
        assert self.shared.lease(KEY, "a", 60.0) == "a"
        assert self.shared.lease(KEY, "b", 60.0) == "a"
        assert self.shared.lease(OTHER, "b", 60.0) == "b"

    def test_a_mark_that_is_taken_away_makes_room(self) -> None:
        self.shared.lease(KEY, "a", 60.0)
        self.shared.end_lease(KEY, "a", 0.0)
        assert self.shared.lease(KEY, "b", 60.0) == "b"

    def test_who_was_late_to_ask_is_not_told_of_a_mark_that_was_taken_away(self) -> None:
        self.shared.lease(KEY, "a", 60.0)
        self.shared.end_lease(KEY, "a", 0.0)
        self.now -= 0.5  # as if it had looked at the clock, and then waited for its turn
        assert self.shared.lease(KEY, "b", 60.0) == "b"

    def test_nobody_takes_away_the_mark_of_another(self) -> None:
        self.shared.lease(KEY, "a", 60.0)
        self.shared.end_lease(KEY, "b", 0.0)
        assert self.shared.lease(KEY, "c", 60.0) == "a"
        self.shared.end_lease(OTHER, "c", 0.0)
        self.shared.end_lease(OTHER, "c", 5.0)
        assert self.shared.lease(OTHER, "d", 60.0) == "d"

    def test_what_is_private_is_told_and_forgotten(self) -> None:
        self.shared.lease(KEY, "a", 60.0)
        self.shared.end_lease(KEY, "a", 1.0)
        assert self.shared.lease(KEY, "b", 60.0) == PRIVATE
        self.pass_time(2.1)
        assert self.shared.lease(KEY, "b", 60.0) == "b"

    def test_the_mark_of_the_dead_ends_by_itself(self) -> None:
        self.shared.lease(KEY, "dead", 1.0)
        self.pass_time(2.1)
        assert self.shared.lease(KEY, "b", 60.0) == "b"

    def test_a_mark_is_no_response(self) -> None:
        self.shared.lease(KEY, "a", 60.0)
        assert list(self.store.load(KEY)) == []
        entry = self.put()
        self.store.delete(KEY)
        self.store.update(KEY, entry)
        assert list(self.store.load(KEY)) == []

    def test_of_many_who_ask_at_once_one_has_the_mark(self) -> None:
        told: list[str] = []
        start = threading.Barrier(8)

        def work(number: int) -> None:
            start.wait()
            told.append(self.shared.lease(KEY, f"m{number}", 60.0))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told == [told[0]] * 8
