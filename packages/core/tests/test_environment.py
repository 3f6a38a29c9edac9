"""Configuration from the variables of an environment."""

from pathlib import Path

import pytest

from tropea.core import (
    OptionError,
    RequestOptions,
    get_options,
    options_from_environment,
    poor_options,
)


def test_app_variables_lose_their_prefix():
    environ = {
        "app_db_file": "mywebapp.db",
        "app_tmp_path": "tmp",
        "app_templ": "templ",
        "wsgi.input": object(),
        "app_": "x",
        "app_object": 5,
    }
    assert get_options(environ) == {"db_file": "mywebapp.db", "tmp_path": "tmp", "templ": "templ"}


def test_the_process_has_an_environment_too(monkeypatch):
    monkeypatch.setenv("my_app_colour", "red")
    assert get_options(prefix="my_app_") == {"colour": "red"}


def test_options_of_any_kind_come_from_a_prefix():
    environ = {"TROPEA_MAX_BODY": "10M", "TROPEA_STRICT_PARSING": "on", "OTHER": "x"}
    options = options_from_environment(RequestOptions, "TROPEA_", environ)
    assert (options.max_body, options.strict_parsing) == (10 << 20, True)


def test_a_misspelled_variable_is_reported():
    with pytest.raises(OptionError, match="did you mean 'max_body'"):
        options_from_environment(RequestOptions, "TROPEA_", {"TROPEA_MAXBODY": "10M"})


def test_the_variables_of_poorwsgi():
    options = poor_options(
        {
            "poor_Debug": "On",
            "poor_SecretKey": "s",
            "poor_DocumentRoot": "/srv",
            "poor_StrictParsing": "1",
            "poor_KeepBlankValues": "0",
            "poor_AutoForm": "Off",
        }
    )
    assert (options.debug, options.secret_key, options.document_root) == (True, "s", Path("/srv"))
    assert (options.strict_parsing, options.keep_blank_values) == (True, False)


def test_a_variable_that_is_not_understood_is_reported():
    with pytest.raises(OptionError, match="poor_Debugg"):
        poor_options({"poor_Debugg": "On"})
    with pytest.raises(OptionError, match="debug"):
        poor_options({"poor_Debug": "maybe"})
