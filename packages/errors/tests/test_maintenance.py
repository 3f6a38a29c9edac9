"""Maintenance: closed for everybody but a few, and open again at once."""

import pytest

from tropea.core.errors import OptionError
from tropea.errors import MaintenanceMiddleware


@pytest.fixture
def switch(tmp_path):
    return tmp_path / "maintenance"


def test_a_file_is_the_switch(switch, call, answering):
    layer = MaintenanceMiddleware(answering(), switch)
    assert call(layer).status == "200 OK"
    switch.touch()
    answer = call(layer)
    assert (answer.status, answer.headers["Retry-After"]) == ("503 Service Unavailable", "300")
    assert b"worked on" in answer.body
    switch.unlink()
    assert call(layer).status == "200 OK"


def test_an_ini_gives_the_file_as_text(switch, call, answering):
    switch.touch()
    assert call(MaintenanceMiddleware(answering(), str(switch), retry_after="0")).status[:3] == "503"


@pytest.mark.parametrize(
    ("address", "status"), [("10.1.2.3", "200"), ("::ffff:10.1.2.3", "200"), ("11.0.0.1", "503"), ("", "503"), ("x", "503")]
)
def test_some_addresses_are_let_through(call, answering, address, status):
    layer = MaintenanceMiddleware(answering(), lambda environ: True, allow=("10.0.0.0/8", "2001:db8::1"))
    assert call(layer, REMOTE_ADDR=address).status[:3] == status


@pytest.mark.parametrize(("path", "status"), [("/health", "200"), ("/health/db", "200"), ("/healthy", "503"), ("/", "503")])
def test_some_paths_stay_open(call, answering, path, status):
    layer = MaintenanceMiddleware(answering(), lambda environ: True, open_paths=("/health",))
    assert call(layer, path).status[:3] == status


def test_head_gets_no_body_and_no_field_says_retry_when_zero(call, answering):
    answer = call(MaintenanceMiddleware(answering(), lambda environ: True, retry_after=0), method="HEAD")
    assert answer.body == b""
    assert "Retry-After" not in answer.headers


def test_a_wrong_network_fails_at_start(answering):
    with pytest.raises(OptionError, match="^MaintenanceMiddleware: allow: .*10.0.0.1/8"):
        MaintenanceMiddleware(answering(), lambda environ: True, allow=("10.0.0.1/8",))


@pytest.mark.parametrize("path", ["/health/../admin", "/health/./../admin", "/health//../../admin"])
def test_a_path_that_only_passes_by_an_open_one_is_not_open(call, answering, path):
    app = MaintenanceMiddleware(answering(), lambda environ: True, open_paths=("/health",))
    assert call(app, path).status == "503 Service Unavailable"
    assert call(app, "/health/live").status == "200 OK"


def test_a_switch_that_cannot_be_looked_at_is_off(call, answering, monkeypatch):
    def denied(*_):
        raise PermissionError

    monkeypatch.setattr("os.stat", denied)
    assert call(MaintenanceMiddleware(answering(), "/root/switch")).status == "200 OK"


def test_a_negative_wait_fails_at_start(answering):
    with pytest.raises(OptionError, match="retry_after: expected 0 or more seconds, got -5"):
        MaintenanceMiddleware(answering(), lambda environ: True, retry_after=-5)
