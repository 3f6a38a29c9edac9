"""Keep responses in Redis or Valkey, for any number of machines.

Under a prefix: a hash of heads for each key, a string for each body, a sorted set for each tag,
and one of URIs for purging by prefix.  Everything expires by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tropea.caching.cachekeys import Key
from tropea.caching.entries import Entry, dumps, loads
from tropea.caching.stores.base import MAX_VARIANTS, PRIVATE, KeptStore
from tropea.core.errors import OptionError
from tropea.core.stores import PerProcess, StoreBusy, StoreError, StoreURL, parse_store_url

T = TypeVar("T")
#: Milliseconds for which a body that was replaced can still be read.
LINGER = 10_000
#: Bytes of a body that comes along with the heads.
SMALL = 65536

# The head that names a new body takes the old one's place, and the old body goes as soon as those
# who read it are done.  Where there are too many variants a quarter of them goes, the oldest: so
# much is not counted at every write.
_PUT = """
local old = redis.call('HGET', KEYS[1], ARGV[1])
local read, head = pcall(cjson.decode, old or '')
if read and type(head) == 'table' and head[9] ~= ARGV[7] then
    redis.call('PEXPIRE', KEYS[1] .. ':' .. tostring(head[9]), ARGV[8])
end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], 'last', ARGV[5]) end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
if redis.call('HLEN', KEYS[1]) <= tonumber(ARGV[6]) + 1 then return 1 end
local held, others = redis.call('HGETALL', KEYS[1]), {}
for i = 1, #held, 2 do
    if held[i] ~= ARGV[1] and held[i] ~= 'last' then
        local ok, other = pcall(cjson.decode, held[i + 1])
        if not ok or type(other) ~= 'table' then other = {} end
        others[#others + 1] = {tonumber(other[5]) or 0, held[i], tostring(other[9])}
    end
end
table.sort(others, function(one, two) return one[1] < two[1] end)
for i = 1, #others + 1 - math.floor(tonumber(ARGV[6]) * 3 / 4) do
    redis.call('HDEL', KEYS[1], others[i][2])
    redis.call('DEL', KEYS[1] .. ':' .. others[i][3])
end
return 1
"""
# The heads, and the body stored last where it is a small one: most hits are one round trip.
_LOAD = """
local heads, last = {}, false
local held = redis.call('HGETALL', KEYS[1])
for i = 1, #held, 2 do
    if held[i] == 'last' then last = held[i + 1] else heads[#heads + 1] = held[i + 1] end
end
return {heads, last, last and redis.call('GET', KEYS[1] .. ':' .. last)}
"""
# One set of URIs in the order of their letters, one in the order of their expiry.
_INDEX = """
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
local old = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[3], 'LIMIT', 0, 20)
if #old > 0 then
    redis.call('ZREM', KEYS[1], unpack(old))
    redis.call('ZREM', KEYS[2], unpack(old))
end
return #old
"""
_UPDATE = """
local held = redis.call('HGET', KEYS[1], ARGV[1])
if not held or cjson.decode(held)[9] ~= ARGV[5] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
"""
_DELETE = """
for _, held in ipairs(redis.call('HVALS', KEYS[1])) do
    local ok, head = pcall(cjson.decode, held)
    if ok and type(head) == 'table' then redis.call('DEL', KEYS[1] .. ':' .. tostring(head[9])) end
end
return redis.call('DEL', KEYS[1])
"""
_LEASE = """
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return ARGV[1] end
return redis.call('GET', KEYS[1]) or ARGV[1]
"""
_END_LEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
"""


class RedisCacheStore(KeptStore):
    """A store on a Redis or Valkey server.

    address: ``redis://host:6379/0``, a StoreURL, or a client of redis-py (a Cluster's or a
        Sentinel's as well), whose timeouts are then its own.
    prefix: of every key on the server.
    timeout: seconds for connecting and for each answer.
    max_body: bytes of the longest body taken.
    clock: seconds since the epoch; for tests.
    """

    def __init__(
        self,
        address: Any = "redis://localhost:6379/0",
        prefix: str = "tropea:cache:",
        timeout: float = 0.3,
        max_body: int = 8 << 20,
        clock: Callable[[], float] = time.time,
    ) -> None:
        try:
            import redis
        except ImportError:
            raise OptionError(
                "the Redis store needs redis-py: pip install 'tropea-caching[redis]'"
            ) from None
        self._errors = redis
        self.prefix, self.max_body, self._timeout, self._clock = prefix, max_body, timeout, clock
        if isinstance(address, str):
            address = parse_store_url(address)
        opens = self._opener(address) if isinstance(address, StoreURL) else lambda: address
        if not isinstance(address, StoreURL) and _makes_text(address):
            raise OptionError("RedisCacheStore: expected a client without decode_responses")
        self._client = PerProcess(opens)
        self._script: Any = None

    def _opener(self, url: StoreURL) -> Callable[[], Any]:
        text = url.text.partition("?")[0]
        if url.scheme == "valkey":
            text = "redis" + text.removeprefix("valkey")
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        def open_client() -> Any:
            return redis.Redis.from_url(
                text, socket_timeout=self._timeout, socket_connect_timeout=self._timeout,
                retry=Retry(NoBackoff(), 0), health_check_interval=0,
            )  # fmt: skip

        return open_client

    def _guarded(self, operation: Callable[[Any], T]) -> T:
        try:
            return operation(self._client())
        except self._errors.TimeoutError as error:
            raise StoreBusy(f"Redis: {error}") from None
        except (self._errors.RedisError, OSError) as error:
            raise StoreError(f"Redis: {error}") from None

    def _names(self, key: Key, entry: Entry) -> tuple[str, str]:
        # The braces keep the keys of one URI on one node of a cluster.
        digest = key.digest()
        return f"{self.prefix}{{{digest}}}", f"{self.prefix}{{{digest}}}:{entry.body}"

    def _index(self) -> tuple[str, str]:
        return f"{self.prefix}{{uris}}", f"{self.prefix}{{uris}}:until"

    def load(self, key: Key) -> Sequence[Entry]:
        name = f"{self.prefix}{{{key.digest()}}}"
        heads, last, body = self._guarded(lambda client: self._run_load(client, name))
        now, named = self._clock(), (last or b"").decode("utf-8", "replace")
        found = []
        for head in heads[:MAX_VARIANTS]:
            entry = loads(head)
            if entry is not None and entry.until > now:
                is_last = body is not None and entry.body == named
                found.append(entry.changed(data=body) if is_last else entry)
        return found

    def _run_load(self, client: Any, name: str) -> Any:
        if self._script is None:
            self._script = client.register_script(_LOAD)
        return self._script(keys=[name], client=client)

    def body(self, key: Key, entry: Entry) -> bytes | None:
        if entry.data is not None:
            return entry.data
        name = self._names(key, entry)[1]
        body: bytes | None = self._guarded(lambda client: client.get(name))
        return body

    def _milliseconds(self, entry: Entry) -> int:
        return max(1, int((entry.until - self._clock()) * 1000))

    def put(self, key: Key, entry: Entry, body: bytes) -> None:
        names, ttl, now = self._names(key, entry), self._milliseconds(entry), self._clock()
        member = f"{key.digest()} {entry.id} {entry.body}"

        def put(client: Any) -> None:
            last = entry.body if len(body) <= SMALL else ""
            client.eval(
                _PUT, 2, *names, entry.id, dumps(entry), body, ttl, last, MAX_VARIANTS,
                entry.body, LINGER,
            )  # fmt: skip
            if entry.tags:
                self._tag(client, entry, member)
            uri = f"{entry.uri}\n{key.digest()}"
            client.eval(
                _INDEX, 2, *self._index(), uri, entry.until, now
            )  # no pipeline of a cluster has eval

        self._guarded(put)

    def _tag(self, client: Any, entry: Entry, member: str) -> None:
        """Put *member* into the sets of its tags, which live as long as the longest of theirs."""
        ttl, now = self._milliseconds(entry), self._clock()
        pipe = client.pipeline(transaction=False)
        for tag in entry.tags:
            name = f"{self.prefix}tag:{tag}"
            pipe.zremrangebyscore(name, "-inf", now)
            pipe.zadd(name, {member: entry.until})
            pipe.pexpire(name, ttl, gt=True)
            pipe.pexpire(name, ttl, nx=True)
        pipe.execute()

    def update(self, key: Key, entry: Entry) -> None:
        names, ttl = self._names(key, entry), self._milliseconds(entry)
        self._guarded(
            lambda client: client.eval(
                _UPDATE, 2, *names, entry.id, dumps(entry), b"", ttl, entry.body
            )
        )

    def lease(self, key: Key, mark: str, seconds: float) -> str:
        name, ttl = self._lease_name(key), max(1, int(seconds * 1000))
        held: bytes = self._guarded(lambda client: client.eval(_LEASE, 1, name, mark, ttl))
        return held.decode("utf-8", "replace")

    def end_lease(self, key: Key, mark: str, private_for: float) -> None:
        name, ttl = self._lease_name(key), int(private_for * 1000)
        self._guarded(lambda client: client.eval(_END_LEASE, 1, name, mark, PRIVATE, ttl))

    def _lease_name(self, key: Key) -> str:
        return f"{self.prefix}{{{key.digest()}}}:lease"

    def delete(self, key: Key) -> None:
        name = f"{self.prefix}{{{key.digest()}}}"
        self._guarded(lambda client: client.eval(_DELETE, 1, name))

    def delete_tag(self, tag: str) -> None:
        name = f"{self.prefix}tag:{tag}"

        def delete(client: Any) -> None:
            for member in client.zrange(name, 0, -1):
                digest, _, rest = member.decode("utf-8", "replace").partition(" ")
                variant, _, body = rest.partition(" ")
                held = loads(client.hget(f"{self.prefix}{{{digest}}}", variant) or b"")
                if held is not None and held.body == body:
                    client.hdel(f"{self.prefix}{{{digest}}}", variant)
                    client.delete(f"{self.prefix}{{{digest}}}:{body}")
            client.delete(name)

        self._guarded(delete)

    def delete_prefix(self, prefix: str) -> None:
        name, expiry = self._index()
        low, high = b"[" + prefix.encode(), b"(" + prefix.encode() + b"\xff"

        def delete(client: Any) -> None:
            while members := client.zrangebylex(name, low, high, 0, 1000):
                for member in members:
                    digest = member.decode("utf-8", "replace").rpartition("\n")[2]
                    client.eval(_DELETE, 1, f"{self.prefix}{{{digest}}}")
                client.zrem(name, *members)
                client.zrem(expiry, *members)

        self._guarded(delete)

    def close(self) -> None:
        client = self._client.opened
        if client is not None:
            self._guarded(lambda _: client.close())


def _makes_text(client: Any) -> bool:
    """Tell whether a client decodes what it reads, as far as it says."""
    try:
        return bool(client.get_encoder().decode_responses)
    except (AttributeError, LookupError):  # something that only behaves like a client
        return False
