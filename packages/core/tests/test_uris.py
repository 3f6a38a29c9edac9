"""URIs: made, joined and quoted."""

import re
from io import BytesIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tropea.core import (
    MultiDict,
    Request,
    make_absolute_url,
    make_query,
    make_uri_component,
    normpath,
    uri_join,
)
from tropea.core.foundation import webob
from tropea.core.uris import is_host

#: The parts of a URI, by the expression of RFC 3986 appendix B; here with a scheme of letters.
APPENDIX_B = re.compile(r"(?:([A-Za-z][^:/?#]*):)?(?://([^/?#]*))?").match


def request(**environ):
    return Request(
        {
            "wsgi.url_scheme": "http", "HTTP_HOST": "example.com", "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/fruitsalad", "PATH_INFO": "/banana/milkshake", "QUERY_STRING": "a=1",
            "wsgi.input": BytesIO(), **environ,
        }
    )  # fmt: skip


class TestMakeUri:
    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ({}, "http://example.com/fruitsalad/banana/milkshake?a=1"),
            ({"scheme": "ftp"}, "ftp://example.com/fruitsalad/banana/milkshake?a=1"),
            ({"path_info": "/kiwi"}, "http://example.com/fruitsalad/kiwi?a=1"),
            ({"path": "pie"}, "http://example.com/fruitsalad/banana/pie?a=1"),
            ({"path": "../strawberry"}, "http://example.com/fruitsalad/strawberry?a=1"),
            ({"path": "/caffè latte"}, "http://example.com/caff%C3%A8%20latte?a=1"),
            ({"netloc": "other:99"}, "http://other:99/fruitsalad/banana/milkshake?a=1"),
        ],
    )
    def test_as_pesto_25_answered(self, arguments, expected):
        assert request().make_uri(**arguments) == expected

    @pytest.mark.parametrize(
        ("arguments", "expected"),
        [
            ({"query": ""}, ""),
            ({"query": {"b": [1, 2]}}, "?b=1&b=2"),
            ({"query": [("z", 1), ("y", 2)]}, "?z=1&y=2"),
            ({"query_add": {"a": 2}}, "?a=1&a=2"),
            ({"query_replace": {"a": 2, "b": 3}}, "?a=2&b=3"),
            ({"query_replace": {"a": None}}, ""),
            ({"query_replace": {"a": [5, 6]}, "query_add": "x=y"}, "?a=5&a=6&x=y"),
            ({"fragment": "top"}, "?a=1#top"),
        ],
    )
    def test_the_query_is_replaced_or_edited(self, arguments, expected):
        assert (
            request().make_uri(**arguments)
            == f"http://example.com/fruitsalad/banana/milkshake{expected}"
        )

    def test_a_slash_at_the_end_stays(self):
        assert (
            request().make_uri(path_info="/pies/", query="")
            == "http://example.com/fruitsalad/pies/"
        )
        assert (
            request().make_uri(path="pies/", query="")
            == "http://example.com/fruitsalad/banana/pies/"
        )

    @pytest.mark.parametrize(
        ("path", "expected"),
        [("//evil/x", "//evil/x"), ("http://evil/", "/fruitsalad/banana/http://evil/"), ("?x#y", "/fruitsalad/banana/%3Fx%23y"),
         ("", "/fruitsalad/banana/milkshake"), ("/../../x", "/x"), (".", "/fruitsalad/banana/")],
    )  # fmt: skip
    def test_a_path_is_a_path_whatever_it_looks_like(self, path, expected):
        assert request().make_uri(path=path, query="") == f"http://example.com{expected}"

    def test_a_fragment_is_quoted(self):
        assert request().make_uri(fragment="a b").endswith("?a=1#a%20b")

    def test_script_name_and_parameters(self):
        assert (
            request().make_uri(script_name="", parameters="v=1")
            == "http://example.com/banana/milkshake;v=1?a=1"
        )

    def test_other_addresses(self):
        asked = request(SERVER_NAME="here", SERVER_PORT="8080")
        assert (
            asked.request_uri == asked.url == "http://example.com/fruitsalad/banana/milkshake?a=1"
        )
        assert asked.application_uri == asked.application_url == "http://example.com/fruitsalad"
        assert asked.path == "/fruitsalad/banana/milkshake"
        assert asked.uri == asked.path_info == "/banana/milkshake"
        assert asked.full_path == "/fruitsalad/banana/milkshake?a=1"
        assert asked.path_url == "http://example.com/fruitsalad/banana/milkshake"
        assert asked.relative_url("x") == "http://example.com/fruitsalad/banana/x"

    def test_without_a_host_field_the_server_says_where_it_is(self):
        asked = request(HTTP_HOST="", SERVER_NAME="::1", SERVER_PORT="8080")
        assert asked.host_url == "http://[::1]:8080"
        assert request(HTTP_HOST="", SERVER_NAME="here", SERVER_PORT="80").host_url == "http://here"

    @pytest.mark.parametrize(
        ("host", "url", "name"),
        [
            ("[::1]", "http://[::1]", "[::1]"),
            ("[2001:db8::1]:8080", "http://[2001:db8::1]:8080", "[2001:db8::1]"),
            ("example.com:80", "http://example.com", "example.com"),
            ("[::1]:80", "http://[::1]", "[::1]"),
            ("[::ffff:192.0.2.1]", "http://[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
            ("a" * 255, "http://" + "a" * 255, "a" * 255),
            ("a_b.example.com", "http://a_b.example.com", "a_b.example.com"),
        ],
    )
    def test_hosts_and_addresses(self, host, url, name):
        asked = request(HTTP_HOST=host)
        assert asked.host == host
        assert asked.host_url == url
        assert asked.hostname == asked.domain == name

    @pytest.mark.parametrize(
        ("scheme", "port", "written"),
        [("http", ":80", ""), ("https", ":443", ""), ("http", ":443", ":443"), ("https", ":80", ":80")],
    )
    def test_only_the_port_of_the_scheme_is_left_out_rfc_3986_section_6_2_3(self, scheme, port, written):
        asked = request(**{"HTTP_HOST": f"example.com{port}", "wsgi.url_scheme": scheme})
        assert asked.host_url == f"{scheme}://example.com{written}"

    def test_a_path_without_a_root_makes_no_other_host(self):
        asked = request(SCRIPT_NAME="", PATH_INFO="@evil.example/x", QUERY_STRING="")
        assert asked.url == asked.path_url == "http://example.com/@evil.example/x"
        assert make_absolute_url(asked.environ, "y") == "http://example.com/@evil.example/y"

    @pytest.mark.parametrize(
        "host",
        [
            "a@evil.example",
            "evil.example#x",
            "a\r\nX: y",
            "a/b",
            "<script>",
            "a b",
            "[::1",
            "x:99999",
            "x:65536",
            "a:b",
            "[..]",
            "[:::]",
            "[1.2.3.4]",
            "[::1]:65536",
            "é",
            "a" * 256,
            "a" * 70000,
        ],
    )
    def test_a_malformed_host_is_400_wherever_it_is_used(self, host):
        asked = request(HTTP_HOST=host)
        for name in (
            "host",
            "host_url",
            "application_uri",
            "request_uri",
            "url",
            "path_url",
            "domain",
            "host_port",
        ):
            with pytest.raises(webob.exc.HTTPBadRequest):
                getattr(asked, name)

    @pytest.mark.parametrize(
        ("environ", "port"),
        [
            ({"HTTP_HOST": "a:8080"}, "8080"),
            ({"HTTP_HOST": "a"}, "80"),
            ({"HTTP_HOST": "a:"}, "80"),
            ({"HTTP_HOST": "[::1]"}, "80"),
            ({"HTTP_HOST": "[::1]:81"}, "81"),
            ({"HTTP_HOST": "a", "wsgi.url_scheme": "https"}, "443"),
            ({"HTTP_HOST": "", "SERVER_PORT": "8000"}, "8000"),
            ({"HTTP_HOST": "a:65535"}, "65535"),
        ],
    )
    def test_the_port_is_that_of_the_host_or_of_the_scheme(self, environ, port):
        assert request(**environ).host_port == port

    def test_a_path_that_is_not_utf_8_is_400_as_text_and_bytes_in_a_uri(self):
        asked = request(PATH_INFO="/\xff", SCRIPT_NAME="")
        with pytest.raises(webob.exc.HTTPBadRequest):
            asked.path_info
        assert asked.path == "/%FF"
        assert asked.url == "http://example.com/%FF?a=1"
        assert "%FF" in repr(asked)

    def test_a_path_can_be_set_as_text(self):
        asked = request()
        asked.path_info = "/ž"
        assert asked.environ["PATH_INFO"] == "/ž".encode().decode("latin-1")
        assert asked.path_info == "/ž"


class TestUriJoin:
    @pytest.mark.parametrize(
        ("base", "link", "expected"),
        [
            ("http://example.org/", "http://example.com/", "http://example.com/"),
            ("http://example.com/", "../styles/main.css", "http://example.com/styles/main.css"),
            (
                "http://example.com/login",
                "?error=failed+auth",
                "http://example.com/login?error=failed+auth",
            ),
            ("http://example.com/a/b", "", "http://example.com/a/b"),
        ],
    )
    def test_as_pesto_25_answered(self, base, link, expected):
        assert uri_join(base, link) == expected

    @pytest.mark.parametrize(
        ("link", "expected"),
        [
            ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"), ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q#s"), ("g#s", "http://a/b/c/g#s"), ("g?y#s", "http://a/b/c/g?y#s"),
            (";x", "http://a/b/c/;x"), ("g;x", "http://a/b/c/g;x"), ("g;x?y#s", "http://a/b/c/g;x?y#s"),
            ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"),
            ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../", "http://a/"),
            ("../../g", "http://a/g"), ("../../../g", "http://a/g"), ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."), (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."), ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"), ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"), ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"), ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g#s/./x"), ("g#s/../x", "http://a/b/c/g#s/../x"),
        ],
    )  # fmt: skip
    def test_rfc_3986_section_5_4(self, link, expected):
        assert uri_join("http://a/b/c/d;p?q", link) == expected

    def test_another_authority_wins(self):
        assert uri_join("http://example.com/a/b", "//other/c") == "http://other/c"

    @pytest.mark.parametrize(
        ("base", "link", "expected"),
        [
            ("http://a", "g", "http://a/g"), ("http://a?q", "g?y", "http://a/g?y"), ("http://a", "../g", "http://a/g"),
            ("//a", "g", "//a/g"), ("x:", "g", "x:g"), ("", "g", "g"), ("b/c", "g", "b/g"), ("", "", ""),
        ],
    )  # fmt: skip
    def test_a_base_without_a_path_is_merged_as_section_5_2_3_says(self, base, link, expected):
        assert uri_join(base, link) == expected

    @pytest.mark.parametrize(
        ("link", "expected"),
        [
            ("http://x/../a/./b", "http://x/a/b"), ("//x/a/../b", "http://x/b"), ("file:/a/../b", "file:/b"),
            ("data:,a/../b", "data:,a/../b"), ("http://x", "http://x"), ("http://x?a/../b", "http://x?a/../b"),
        ],
    )  # fmt: skip
    def test_dots_are_resolved_in_a_link_to_elsewhere_too_section_5_2_2(self, link, expected):
        assert uri_join("http://a/b", link) == expected

    @pytest.mark.parametrize(
        ("base", "link", "expected"),
        [
            ("/a/b", "..//evil/x", "/.//evil/x"), ("x:/b", ".//evil", "x:/.//evil"), ("x:/b", "/.//evil", "x:/.//evil"),
            ("", "./javascript:x", "./javascript:x"), ("a/b", "../javascript:x", "./javascript:x"), ("", "./a/b:c", "a/b:c"),
            ("x:a", "./b:c", "x:b:c"), ("//h/a", "..//evil/x", "//h//evil/x"), ("/a", "./b:c", "/b:c"),
        ],
    )  # fmt: skip
    def test_a_path_never_turns_into_a_host_or_a_scheme_sections_3_3_and_4_2(self, base, link, expected):
        assert uri_join(base, link) == expected

    @given(
        st.sampled_from(["", "a", "/a/b", "//h", "//h/a", "s:", "s:a", "s:/a", "s://h", "s://h/a"]),
        st.text(alphabet="./:a?#", max_size=8),
    )
    def test_who_is_asked_is_said_by_the_base_unless_the_link_says_it(self, base, link):
        said, kept, found = (APPENDIX_B(text).groups()[:2] for text in (link, base, uri_join(base, link)))
        if said == (None, None):
            assert found == kept
        else:
            assert found[1] == said[1]

    @given(st.text(max_size=50), st.text(max_size=50))
    def test_nothing_raises(self, base, link):
        assert isinstance(uri_join(base, link), str)


class TestMakeQuery:
    @pytest.mark.parametrize(
        ("arguments", "keywords", "expected"),
        [
            (({"eat": "more cake", "drink": "more tea"},), {}, "eat=more+cake&drink=more+tea"),
            ((), {"eat": [1, 2], "drink": 3.4}, "eat=1&eat=2&drink=3.4"),
            ((), {"x": "1", "y": None}, "x=1"),
            (([("b", "2"), ("a", "1")],), {}, "b=2&a=1"),
            (({"a": []},), {}, ""),
            ((MultiDict([("a", 1), ("a", 2)]),), {}, "a=1&a=2"),
            (("abc",), {}, "abc"),
            (("?a=1",), {"b": "2"}, "a=1&b=2"),
            (({"ž": "&="},), {}, "%C5%BE=%26%3D"),
            (({"b": b"\xff"},), {}, "b=%FF"),
        ],
    )
    def test_pairs_come_in_their_order(self, arguments, keywords, expected):
        assert make_query(*arguments, **keywords) == expected

    def test_another_separator(self):
        assert make_query({"a": 1, "b": 2}, separator=";") == "a=1;b=2"

    def test_what_is_no_pairs_is_a_clear_error(self):
        with pytest.raises(TypeError, match="pairs"):
            make_query(5)

    @given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5)), max_size=8))
    def test_what_is_written_is_read_again(self, pairs):
        pairs = [
            (k.encode("utf-8", "ignore").decode() or "k", v.encode("utf-8", "ignore").decode())
            for k, v in pairs
        ]
        assert request(QUERY_STRING=make_query(pairs)).query.allitems() == pairs


class TestNames:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("../../../../etc/passwd", "etc/passwd"), ("/etc/passwd/", "/etc/passwd/"), ("/a/./b/.", "/a/b/"),
            ("/", "/"), ("", ""), ("//a//b", "/a/b"), ("/a/..", "/"), ("/a/b/..", "/a/"), ("..", ""), ("/../..", "/"),
        ],
    )  # fmt: skip
    def test_normpath(self, path, expected):
        assert normpath(path) == expected

    @given(st.text(alphabet="ab./", max_size=30))
    def test_normpath_never_climbs_out_and_is_done_after_once(self, path):
        result = normpath(path)
        assert ".." not in result.split("/")
        assert normpath(result) == result

    @pytest.mark.parametrize(
        ("text", "expected"), [("a/b  c?d&e", "a-b-cde"), ("日本", ""), ("How now", "how-now")]
    )
    def test_make_uri_component(self, text, expected):
        assert make_uri_component(text) == expected

    @pytest.mark.parametrize(
        ("separator", "expected"),
        [("_", "how_now"), ("", "hownow"), ("::", "how::now"), ("\\1", "how\\1now"), ("^]", "how^]now")],
    )
    def test_make_uri_component_with_another_separator(self, separator, expected):
        assert make_uri_component("How/ now!", separator) == expected


class TestMakeAbsoluteUrl:
    environ = {
        "wsgi.url_scheme": "https",
        "HTTP_HOST": "example.com",
        "SCRIPT_NAME": "/colors",
        "PATH_INFO": "/red",
    }

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("blue", "https://example.com/colors/blue"), ("../blue", "https://example.com/blue"),
            ("blue/", "https://example.com/colors/blue/"), ("?q=1", "https://example.com/colors/red?q=1"),
            ("//o/x", "https://o/x"), ("/x", "https://example.com/x"), ("http://o/", "http://o/"),
        ],
    )  # fmt: skip
    def test_rfc_3986_resolution(self, url, expected):
        assert make_absolute_url(self.environ, url) == expected


@given(st.text(max_size=40))
@example("[..]")
@example("[::1]")
def test_no_text_makes_the_host_check_raise(text):
    assert is_host(text) in {True, False}


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("a=1\r\nX: y", "a=1%0D%0AX:%20y"), ("q=\"<b>\"#f", "q=%22%3Cb%3E%22%23f"), ("a=caf\xc3\xa9\xff", "a=caf%C3%A9%FF"),
        ("a=%C3%A9&b=%zz&c={x}|y", "a=%C3%A9&b=%zz&c={x}|y"), ("", None),
    ],
)  # fmt: skip
def test_a_query_is_written_as_a_browser_would_send_it(sent, shown):
    request = Request({"wsgi.url_scheme": "http", "HTTP_HOST": "a.example", "PATH_INFO": "/", "QUERY_STRING": sent})
    assert request.request_uri == request.url == "http://a.example/" + ("" if shown is None else f"?{shown}")


def test_text_given_for_a_query_or_parameters_is_quoted_too():
    request = Request({"wsgi.url_scheme": "http", "HTTP_HOST": "a.example", "PATH_INFO": "/p"})
    assert request.make_uri(query="n=é\r\n") == "http://a.example/p?n=%C3%A9%0D%0A"
    assert request.make_uri(query_add="?n=a b") == "http://a.example/p?n=a%20b"
    assert request.make_uri(parameters="v=1\r\n?") == "http://a.example/p;v=1%0D%0A%3F"
