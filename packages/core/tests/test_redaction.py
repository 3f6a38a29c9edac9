"""What a request carries as a secret is hidden however it is written down again."""

import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.redaction import Redactor

SECRET = "p'a\"s\\s w\xf6rd<&>/+%1"
WRITTEN = {
    "plain": SECRET, "as-the-environ-has-it": SECRET.encode().decode("latin-1"),
    "repr": repr(SECRET), "repr-of-bytes": repr(SECRET.encode()), "json": json.dumps(SECRET),
    "json-as-text": json.dumps(SECRET, ensure_ascii=False), "quoted": quote(SECRET),
    "quoted-plus": quote_plus(SECRET), "quoted-all": quote(SECRET, safe=""),
    "within-a-longer-repr": repr(f"it's {SECRET}"),
}  # fmt: skip
CARRIED = {
    "a-quoted-cookie": {"HTTP_COOKIE": f"sid={quote(SECRET, safe='')}"},
    "basic": {"HTTP_AUTHORIZATION": "Basic " + b64encode(f"ann:{SECRET}".encode()).decode()},
}


@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("environ", CARRIED.values(), ids=CARRIED)
def test_it_is_hidden_in_every_form(environ, written):
    scrubbed = Redactor(environ).scrub(f"begin {written} end")
    assert "w\xf6rd" not in scrubbed and "rd<" not in scrubbed and "rd%3C" not in scrubbed
    assert scrubbed.startswith("begin ") and scrubbed.endswith(" end")


@given(st.text(min_size=8, max_size=40, alphabet=st.characters(codec="utf-8")))
def test_any_text_is_hidden_plain_and_as_repr(secret):
    redactor = Redactor(also=[secret])
    for written in (secret, json.dumps(secret), repr(f"'\"{secret}")):
        assert secret not in redactor.scrub(written)
    assert "…" in redactor.scrub(json.dumps(secret))


def test_a_plain_secret_takes_one_form():
    assert Redactor({"HTTP_COOKIE": "sid=abcdef0123"}).scrub("abcdef0123 abcdef012") == "… abcdef012"
