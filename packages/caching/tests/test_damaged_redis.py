"""What is damaged in Redis is a miss, and never an exception."""

import pytest

pytest.importorskip("redis")

from tropea.caching import RedisCacheStore
from tropea.caching.testing import KEY


class Damaged:
    """A client whose server has other octets in it than we put there."""

    def __init__(self, octets):
        self.octets = octets
        self.given = {"hget": b"", "delete": 0, "hdel": 0, "zrem": 0, "eval": 0}

    def register_script(self, text):
        return lambda keys, client: ([self.octets], self.octets, self.octets)

    def zrange(self, *range):
        return [self.octets]

    def zrangebylex(self, *range):
        given, self.zrangebylex = [self.octets], lambda *range: []
        return given

    def __getattr__(self, name):
        return lambda *arguments: self.given[name]


@pytest.mark.parametrize(
    "octets", [b"", b"\xa5", b"{}", b"\xff \xfe \xfd", b" ", b"a b c d", b"\n\n"]
)
def test_octets_that_we_did_not_write_are_a_miss(octets):
    store = RedisCacheStore(Damaged(octets))
    assert list(store.load(KEY)) == []
    store.delete_tag("t:a")
    store.delete_prefix("http://example.com/")
