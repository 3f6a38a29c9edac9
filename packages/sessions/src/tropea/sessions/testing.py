"""What every store must do, as tests: subclass ``StoreContract`` for a store of your own.

::

    class TestMyStore(StoreContract):
        def make_store(self, clock):
            return MyStore(clock=clock)

pytest collects the methods.  A store whose server keeps the time says so with
``own_clock = False``; the tests then wait for real seconds, as few as possible.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Any, ClassVar

from tropea.sessions.stores.protocol import Store

DATA = bytes(range(256)) + "naïve \N{SNOWMAN}".encode()


class Clock:
    """A clock that stands still until it is told to go on.

    >>> clock = Clock(100.0); clock.forward(5); clock()
    105.0
    """

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        """Move the clock; a negative number sets it back."""
        self.now += seconds


class StoreContract:
    """The behaviour that the session layer relies on, whatever the backend."""

    #: False where the server decides when an entry has expired.
    own_clock: ClassVar[bool] = True
    #: The shortest time to live that the backend can tell from none, in seconds.
    shortest_ttl: ClassVar[float] = 0.2

    def make_store(self, clock: Callable[[], float]) -> Any:
        """Return a store; may be called several times in a test, for the same data."""
        raise AssertionError("make_store says which store is tested")

    def test_it_has_the_methods_of_a_store(self) -> None:
        assert isinstance(self.make_store(Clock()), Store)

    def test_what_is_created_is_loaded_byte_for_byte(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        version = store.create(key, DATA, 60)
        entry = store.load(key)
        assert (entry.data, entry.version) == (DATA, version)

    def test_an_empty_value_is_a_value(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        store.create(key, b"", 60)
        assert store.load(key).data == b""

    def test_an_unknown_key_is_nothing(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        assert store.load(key) is None
        assert not store.delete(key)
        assert not store.touch(key, 60)
        assert store.save(key, b"x", 60, 1) is None
        assert store.load(key) is None

    def test_creating_never_replaces_a_live_entry(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        assert store.create(key, b"first", 60) is not None
        assert store.create(key, b"second", 60) is None
        assert store.load(key).data == b"first"

    def test_saving_with_the_current_version_replaces_the_data(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        first = store.create(key, b"one", 60)
        second = store.save(key, b"two", 60, first)
        assert second not in (None, first)
        assert store.load(key)[:2] == (b"two", second)

    def test_saving_with_another_version_changes_nothing(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        first = store.create(key, b"one", 60)
        second = store.save(key, b"two", 60, first)
        assert store.save(key, b"late", 60, first) is None
        assert store.save(key, b"early", 60, second + 1) is None
        assert store.load(key)[:2] == (b"two", second)

    def test_saving_never_brings_a_deleted_entry_back(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        version = store.create(key, b"one", 60)
        assert store.delete(key)
        assert store.save(key, b"two", 60, version) is None
        assert not store.touch(key, 60)
        assert store.load(key) is None

    def test_a_key_that_is_made_again_has_another_version(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        version = store.create(key, b"one", 60)
        store.delete(key)
        again = store.create(key, b"two", 60)
        assert again not in (None, version)
        assert store.save(key, b"late", 60, version) is None

    def test_deleting_may_depend_on_the_version(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        first = store.create(key, b"one", 60)
        second = store.save(key, b"two", 60, first)
        assert not store.delete(key, first)
        assert store.load(key).data == b"two"
        assert store.delete(key, second)
        assert store.load(key) is None

    def test_touching_moves_the_deadline_and_nothing_else(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        version = store.create(key, b"one", 60)
        before = store.load(key)
        assert store.touch(key, 600)
        after = store.load(key)
        assert after[:2] == (b"one", version)
        assert 500 < after.deadline - before.deadline < 580

    def test_the_deadline_is_in_seconds_since_the_epoch(self) -> None:
        clock = Clock()
        store, key = self.make_store(clock), token_hex(32)
        store.create(key, b"one", 60)
        assert abs(store.load(key).deadline - (clock() + 60)) < 5

    def test_an_expired_entry_is_gone_for_every_method(self) -> None:
        clock = Clock()
        store, key = self.make_store(clock), token_hex(32)
        version = store.create(key, b"one", self.shortest_ttl)
        self.wait(clock, self.shortest_ttl)
        assert store.save(key, b"two", 60, version) is None
        assert not store.touch(key, 60)
        assert not store.delete(key, version)
        assert store.load(key) is None
        assert store.create(key, b"three", 60) is not None
        assert store.load(key).data == b"three"

    def test_an_entry_seen_to_be_over_stays_so_when_the_clock_is_set_back(self) -> None:
        if not self.own_clock:
            return  # the server's clock is not ours to set
        clock = Clock()
        store, key = self.make_store(clock), token_hex(32)
        store.create(key, b"one", 60)
        clock.forward(3600)
        assert store.load(key) is None
        clock.forward(-3600)
        assert store.load(key) is None

    def test_a_live_entry_survives_a_clock_that_is_set_back(self) -> None:
        if not self.own_clock:
            return
        clock = Clock()
        store, key = self.make_store(clock), token_hex(32)
        store.create(key, b"one", 60)
        clock.forward(-3600)
        assert store.load(key).data == b"one"

    def test_purging_removes_what_has_expired_and_nothing_else(self) -> None:
        clock = Clock()
        store, over, live = self.make_store(clock), token_hex(32), token_hex(32)
        store.create(over, b"one", self.shortest_ttl)
        store.create(live, b"two", 600)
        self.wait(clock, self.shortest_ttl)
        store.purge()
        assert store.load(over) is None
        assert store.load(live).data == b"two"

    def test_purging_takes_the_keys_with_a_prefix_too(self) -> None:
        clock = Clock()
        store = self.make_store(clock)
        keys = [(prefix + token_hex(32), prefix + token_hex(32)) for prefix in ("k", "l", "lk")]
        for over, live in keys:
            store.create(over, b"one", self.shortest_ttl)
            store.create(live, b"two", 600)
        self.wait(clock, self.shortest_ttl)
        store.purge()
        for over, live in keys:
            assert store.load(over) is None
            assert store.load(live).data == b"two"

    def test_two_stores_on_one_place_see_the_same(self) -> None:
        clock = Clock()
        one, other, key = self.make_store(clock), self.make_store(clock), token_hex(32)
        version = one.create(key, b"one", 60)
        if other.load(key) is None:
            assert getattr(one, "one_process", False)
            return
        assert other.save(key, b"two", 60, version) is not None
        assert one.load(key).data == b"two"

    def test_a_closed_store_opens_again(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        store.create(key, b"one", 60)
        store.close()
        assert store.load(key).data == b"one"

    def test_of_many_who_create_one_key_one_succeeds(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        made = in_threads(8, lambda n: store.create(key, b"%d" % n, 60))
        assert sum(version is not None for version in made) == 1

    def test_of_many_who_save_one_version_one_succeeds(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        version = store.create(key, b"start", 60)
        saved = in_threads(8, lambda n: store.save(key, b"%d" % n, 60, version))
        assert sum(after is not None for after in saved) == 1

    def test_compare_and_swap_loses_no_increment(self) -> None:
        store, key = self.make_store(Clock()), token_hex(32)
        store.create(key, b"0", 60)

        def increment(_: int) -> None:
            for _turn in range(5):
                while True:
                    entry = store.load(key)
                    raw = b"%d" % (int(entry.data) + 1)
                    if store.save(key, raw, 60, entry.version) is not None:
                        break

        in_threads(6, increment)
        assert store.load(key).data == b"30"

    def test_ending_a_label_ends_its_sessions_but_the_one_kept(self) -> None:
        from tropea.sessions.stores import labels

        store = self.make_store(Clock())
        label, one, two = "user:" + token_hex(8), token_hex(32), token_hex(32)
        for key in (one, two):
            store.create(key, b"x", 600)
            taken = labels.join(store, label, key, 600, time.time() - 86400)
        assert sorted(store.labelled(label)) == sorted([one, two])
        assert labels.are_current(store, {label: taken})
        ended = labels.begin_generation(store, label, [two], 600)
        assert not labels.are_current(store, {label: taken})
        assert ended.removed == 1
        assert store.load(one) is None
        assert store.load(two) is not None

    def test_a_lost_label_never_gets_its_old_generation_again(self) -> None:
        from tropea.sessions.stores import labels

        store, label = self.make_store(Clock()), "user:" + token_hex(8)
        taken = labels.join(store, label, "ab", 600, 0.0)
        store.delete(labels.label_key(label))
        assert not labels.are_current(store, {label: taken})
        assert labels.join(store, label, "ab", 600, 0.0) != taken

    def wait(self, clock: Clock, seconds: float) -> None:
        """Let *seconds* pass, and a little more."""
        if self.own_clock:
            clock.forward(seconds + 1)
        else:
            time.sleep(seconds + 0.15)


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run ``work(0)`` … ``work(count - 1)`` at the same time; return what they returned."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
