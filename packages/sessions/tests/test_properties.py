"""Laws that hold for any data: merging, records, seals, codecs."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tropea.sessions.codecs import JSON, best_codec, check_values
from tropea.sessions.errors import RecordError, SealError, SessionValueError
from tropea.sessions.headers import make_private
from tropea.sessions.keyrings import KeyRing
from tropea.sessions.merging import merge
from tropea.sessions.payloads import pack as pack_payload
from tropea.sessions.payloads import unpack as unpack_payload
from tropea.sessions.records import Record, pack, unpack
from tropea.sessions.sealing import Sealing, Signing

#: A machine that is busy is no fault of what is tested.
LAWS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
DATA = st.dictionaries(st.text(max_size=4), VALUES, max_size=5)
RECORDS = st.builds(
    Record,
    st.binary(max_size=60),
    st.integers(0, 2**40),
    st.integers(0, 2**40),
    st.dictionaries(st.text(max_size=8), st.integers(1, 2**48), max_size=3),
)


@LAWS
@given(DATA, DATA)
def test_who_changed_nothing_gets_what_the_other_stored(base, theirs):
    assert merge(base, base, theirs) == (theirs, ())


@LAWS
@given(DATA, DATA)
def test_where_nobody_else_wrote_ours_is_kept_whole(base, ours):
    assert merge(base, ours, base) == (ours, ())


@LAWS
@given(DATA, DATA, DATA)
def test_keys_that_one_side_changed_are_that_sides_and_others_are_reported(base, ours, theirs):
    same = lambda one, two, key: json.dumps(one.get(key, "\0")) == json.dumps(two.get(key, "\0"))
    merged = merge(base, ours, theirs)
    for key in {*base, *ours, *theirs}:
        by_us, by_them = not same(base, ours, key), not same(base, theirs, key)
        assert same(merged.data, ours if by_us else theirs, key)
        assert (key in merged.conflicts) == (by_us and by_them)


@LAWS
@given(RECORDS, st.text(st.sampled_from("abcXYZ-_09"), min_size=1, max_size=43))
def test_a_record_comes_back_for_its_own_id_only(record, session_id):
    raw = pack(record, session_id)
    assert unpack(raw, session_id) == record
    with pytest.raises(RecordError):
        unpack(raw, session_id[:-1] + "!")


@LAWS
@given(st.binary(max_size=120))
def test_any_other_bytes_are_no_record(raw):
    with pytest.raises(RecordError):
        unpack(raw, "x" * 43)


@LAWS
@given(st.binary(max_size=200))
def test_any_other_bytes_are_no_payload(raw):
    try:
        unpack_payload(raw)
    except RecordError:
        pass


@LAWS
@given(RECORDS, st.booleans())
def test_a_payload_comes_back(record, compress):
    record = record._replace(data=record.data * 40)
    assert unpack_payload(pack_payload(record, "i" * 43, compress=compress)).record == record


@LAWS
@given(st.binary(max_size=200), st.sampled_from(["session", "__Host-session"]))
def test_what_was_protected_comes_back_for_its_own_name_only(payload, name):
    pytest.importorskip("cryptography")
    ring = KeyRing("a secret that nobody knows")
    for protection in (Sealing(ring), Signing(ring)):
        text = protection.protect(name, payload)
        assert protection.reveal(name, text).payload == payload
        with pytest.raises(SealError):
            protection.reveal(name + "x", text)


@LAWS
@given(st.text(max_size=100))
def test_any_other_text_is_not_accepted(text):
    pytest.importorskip("cryptography")
    ring = KeyRing("a secret that nobody knows")
    for protection in (Sealing(ring), Signing(ring)):
        for prefix in ("", "e1" + ring.writing, "s1" + ring.writing):
            with pytest.raises(SealError):
                protection.reveal("session", prefix + text)


@LAWS
@given(DATA)
def test_both_codecs_read_what_either_wrote(data):
    check_values(data)
    for writer in (JSON, best_codec()):
        for reader in (JSON, best_codec()):
            assert reader.decode(writer.encode(data)) == data


def test_a_msgspec_whose_errors_would_escape_is_left_alone(monkeypatch):
    msgspec = pytest.importorskip("msgspec")
    monkeypatch.setattr(msgspec, "DecodeError", type("DecodeError", (Exception,), {}))
    assert best_codec() is JSON


@pytest.mark.parametrize("codec", [JSON, best_codec()], ids=lambda codec: codec.name)
@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"1", b"{", b'{"a":}', b"\xff", b"{}x", b"[" * 100_000]
)
def test_no_codec_takes_anything_but_an_object(codec, raw):
    with pytest.raises(RecordError):
        codec.decode(raw)


@pytest.mark.parametrize("codec", [JSON, best_codec()], ids=lambda codec: codec.name)
def test_text_that_is_no_unicode_is_refused_with_its_key(codec):
    with pytest.raises(SessionValueError, match="session\\['name'\\] cannot be written"):
        codec.encode({"age": 7, "name": "half a pair: \ud800"})


def test_what_nests_too_deep_is_refused_with_its_key():
    deep = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(SessionValueError, match="deep"):
        check_values({"deep": deep})


@LAWS
@given(st.text(max_size=60))
def test_no_cache_control_lets_a_shared_cache_keep_the_answer(value):
    made = [part.strip().lower() for part in make_private(value).split(",")]
    assert "no-store" in made or "private" in made
