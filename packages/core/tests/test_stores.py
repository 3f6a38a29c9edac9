"""What stores share: addresses, the breaker, clients for each process."""

import os

import pytest

from tropea.core.errors import OptionError
from tropea.core.stores import Breaker, PerProcess, StoreBusy, StoreDown, StoreError, parse_store_url


@pytest.mark.parametrize(
    ("text", "scheme", "host", "port", "path"),
    [
        ("memory:", "memory", None, None, ""),
        ("sqlite:///var/x.db", "sqlite", None, None, "var/x.db"),
        ("sqlite:////var/x.db", "sqlite", None, None, "/var/x.db"),
        ("sqlite:///C:/x%20y.db", "sqlite", None, None, "C:/x y.db"),
        ("redis://example.test:6380/2", "redis", "example.test", 6380, "2"),
        ("postgresql+psycopg://u:p%40@h/db", "postgresql+psycopg", "h", None, "db"),
    ],
)
def test_an_address_is_taken_apart(text, scheme, host, port, path):
    url = parse_store_url(text)
    assert (url.scheme, url.host, url.port, url.path) == (scheme, host, port, path)


def test_an_address_keeps_its_password_out_of_logs():
    url = parse_store_url("redis://u:p%40ss@h/0?timeout=1")
    assert (url.username, url.password, url.options) == ("u", "p@ss", {"timeout": "1"})
    assert "p@ss" not in repr(url)
    assert "p%40ss" not in repr(url)


@pytest.mark.parametrize("text", ["", "nothing", "/var/x.db", "redis://h:port/0", "redis://[::1"])
def test_what_is_no_address_says_so(text):
    with pytest.raises(OptionError, match="expected the address of a store"):
        parse_store_url(text)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(threshold=2, reset=10, clock=clock)


def fails():
    raise StoreBusy("no answer")


def test_a_store_that_fails_again_and_again_is_left_alone(breaker):
    for _ in range(2):
        with pytest.raises(StoreBusy):
            breaker.call(fails)
    assert breaker.is_open
    with pytest.raises(StoreDown):
        breaker.call(lambda: pytest.fail("the store was asked"))


def test_one_success_in_between_starts_the_count_again(breaker):
    for _ in range(3):
        with pytest.raises(StoreBusy):
            breaker.call(fails)
        assert breaker.call(lambda: 1) == 1
    assert not breaker.is_open


def test_after_a_while_one_caller_tries_and_the_others_still_do_not_wait(breaker, clock):
    for _ in range(2):
        with pytest.raises(StoreError):
            breaker.call(fails)
    clock.now = 10

    def tries():
        with pytest.raises(StoreDown):
            breaker.call(lambda: pytest.fail("a second caller was let through"))
        return "back"

    assert breaker.call(tries) == "back"
    assert not breaker.is_open
    assert breaker.call(lambda: 2) == 2


def test_a_failed_try_opens_the_breaker_again(breaker, clock):
    for _ in range(2):
        with pytest.raises(StoreError):
            breaker.call(fails)
    clock.now = 10
    with pytest.raises(StoreBusy):
        breaker.call(fails)
    with pytest.raises(StoreDown):
        breaker.call(fails)


def test_other_exceptions_are_not_the_stores_fault(breaker):
    for _ in range(5):
        with pytest.raises(KeyError):
            breaker.call(lambda: {}["x"])
    assert not breaker.is_open


def test_a_client_is_opened_at_first_use_and_kept():
    opened = []
    client = PerProcess(lambda: opened.append(1) or len(opened))
    assert client.opened is None
    assert (client(), client(), opened, client.opened) == (1, 1, [1], 1)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_process_opens_its_own_client():
    client = PerProcess(os.getpid)
    assert client() == os.getpid()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, str(client()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) == child
    os.close(reader)
    os.close(writer)
