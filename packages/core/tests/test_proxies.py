"""Proxies are believed when they are ours, and no further."""

import re
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core import OptionError, ProxyMiddleware, Request, use_x_forwarded
from tropea.core.forwarded import Trust, read_forwarded, read_node, read_x_forwarded
from tropea.core.proxies import proxy_filter
from tropea.core.testing import assert_linear


def through(layer, peer="127.0.0.1", host="wsgi:8080", scheme="http", **fields):
    seen = []

    def app(environ, start_response):
        seen.append(environ)
        return []

    environ = {
        "REQUEST_METHOD": "GET", "SCRIPT_NAME": "", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "80", "REMOTE_ADDR": peer, "wsgi.url_scheme": scheme,
        **{f"HTTP_{name.upper()}": value for name, value in fields.items()},
    }  # fmt: skip
    if host:
        environ["HTTP_HOST"] = host
    layer(app)(environ, None)
    return seen[0]


def printed(environ):
    return f"{Request(environ).request_uri} {environ['REMOTE_ADDR']}"


class TestRecordedAnswersOfPesto25:
    def test_xf_basic(self):
        environ = through(use_x_forwarded(), x_forwarded_for="1.2.3.4", x_forwarded_host="real:81")
        assert printed(environ) == "http://real:81/ 1.2.3.4"

    def test_xf_ssl(self):
        environ = through(use_x_forwarded(), x_forwarded_host="real", x_forwarded_ssl="on")
        assert printed(environ) == "https://real/ 127.0.0.1"

    def test_xf_list_differs_the_right_most_untrusted_hop_is_the_client(self):
        environ = through(use_x_forwarded(), host=None, x_forwarded_for="9.9.9.9, 1.2.3.4")
        assert printed(environ) == "http://localhost/ 1.2.3.4"

    def test_xf_ssl_off_differs_off_is_not_on(self):
        assert (
            printed(through(use_x_forwarded(), host="h", x_forwarded_ssl="off"))
            == "http://h/ 127.0.0.1"
        )


SPOOFED = {
    "x_forwarded_for": "1.1.1.1", "x_forwarded_host": "evil.example", "x_forwarded_proto": "https",
    "x_forwarded_port": "444", "x_forwarded_prefix": "/evil", "x_forwarded_ssl": "on",
    "forwarded": "for=1.1.1.1;host=evil.example;proto=https",
}  # fmt: skip


class TestNobodyIsTrustedByDefault:
    @pytest.mark.parametrize("peer", ["127.0.0.1", "203.0.113.9", "::1", ""])
    @pytest.mark.parametrize("family", ["x-forwarded", "forwarded"])
    def test_the_layer_by_itself_changes_nothing(self, peer, family):
        before = through(lambda app: app, peer, **SPOOFED)
        assert through(ProxyMiddleware.layer(family=family), peer, **SPOOFED) == before

    def test_pestos_function_believes_this_machine_alone(self):
        before = through(lambda app: app, "203.0.113.9", **SPOOFED)
        assert through(use_x_forwarded(), "203.0.113.9", **SPOOFED) == before

    def test_the_properties_of_a_request_are_none_until_somebody_is_trusted(self):
        request = Request(through(lambda app: app, **SPOOFED))
        assert (request.forwarded_for, request.forwarded_host, request.forwarded_proto) == (
            None,
            None,
            None,
        )
        assert request.client_addr == "127.0.0.1"
        request = Request(through(ProxyMiddleware.layer(trusted="localhost"), **SPOOFED))
        assert request.forwarded_for == request.client_addr == "1.1.1.1"
        assert request.forwarded_host == "evil.example"
        assert request.forwarded_proto == "https"
        assert request.forwarded_port == 444


class TestTrustedNetworks:
    def behind(self, trusted, peer="10.0.0.1", **fields):
        return through(ProxyMiddleware.layer(trusted=trusted), peer, **fields)["REMOTE_ADDR"]

    def test_our_own_proxies_are_walked_through(self):
        chain = "6.6.6.6, 192.0.2.7, 10.0.0.3, 10.0.0.2"
        assert self.behind("10.0.0.0/8", x_forwarded_for=chain) == "192.0.2.7"

    def test_where_all_are_ours_the_left_most_is_the_client(self):
        assert self.behind("10.0.0.0/8", x_forwarded_for="10.0.0.3, 10.0.0.2") == "10.0.0.3"

    def test_what_cannot_be_read_ends_the_walk_at_the_last_that_could(self):
        assert self.behind("10.0.0.0/8", x_forwarded_for="1.1.1.1, unknown, 10.0.0.2") == "10.0.0.2"
        assert self.behind("10.0.0.0/8", x_forwarded_for="1.1.1.1, unknown") == "10.0.0.1"

    @pytest.mark.parametrize("node", ["192.0.2.7:4711", "192.0.2.7", " 192.0.2.7 "])
    def test_ports_are_left_out(self, node):
        assert self.behind(["10.0.0.1"], x_forwarded_for=node) == "192.0.2.7"

    @pytest.mark.parametrize("node", ["[2001:db8::1]:4711", "2001:db8::1", "2001:DB8:0::1"])
    def test_ipv6(self, node):
        assert self.behind(["::1"], "::1", x_forwarded_for=node) == "2001:db8::1"

    def test_an_ipv4_peer_in_ipv6_clothes_is_known(self):
        assert (
            self.behind(["10.0.0.0/8"], "::ffff:10.0.0.1", x_forwarded_for="192.0.2.7")
            == "192.0.2.7"
        )

    @pytest.mark.parametrize("peer", ["", "localhost", "<local>", "unix:"])
    def test_a_peer_on_a_socket_file_has_to_be_named(self, peer):
        assert self.behind(["localhost"], peer, x_forwarded_for="192.0.2.7") == peer
        assert self.behind(["unix"], peer, x_forwarded_for="192.0.2.7") == "192.0.2.7"

    @pytest.mark.parametrize(
        "peer", ["fe80::1%eth0", "192.0.2.9", "2001:db8::9", "unknown", "proxy.example", "-"]
    )
    def test_a_peer_that_came_from_elsewhere_is_not_on_a_socket_file(self, peer):
        assert self.behind(["unix"], peer, x_forwarded_for="6.6.6.6") == peer

    def test_a_network_may_be_written_with_one_of_its_addresses(self):
        assert self.behind("10.0.0.1/8", x_forwarded_for="192.0.2.7, 10.9.9.9") == "192.0.2.7"

    def test_proto_and_host_come_from_the_outermost_proxy_of_ours(self):
        fields = {"x_forwarded_for": "192.0.2.7, 10.0.0.2", "x_forwarded_proto": "https, http",
                  "x_forwarded_host": "real.example, inner"}  # fmt: skip
        environ = through(ProxyMiddleware.layer(trusted="10.0.0.0/8"), "10.0.0.1", **fields)
        assert environ["wsgi.url_scheme"] == "https"
        assert environ["HTTP_HOST"] == "real.example"
        assert environ["SERVER_PORT"] == "443"

    @pytest.mark.parametrize("trusted", [["nonsense"], ["10.0.0.0/99"]])
    def test_a_network_that_is_none_is_refused_when_it_is_written(self, trusted):
        with pytest.raises(OptionError):
            ProxyMiddleware.layer(trusted=trusted)

    def test_unknown_fields_and_negative_hops_are_refused(self):
        with pytest.raises(OptionError, match="fields"):
            ProxyMiddleware.layer(fields="for nonsense")
        with pytest.raises(OptionError, match="trusted_hops"):
            ProxyMiddleware.layer(trusted_hops=-1)


class TestOneHopWhateverItsAddress:
    """Hostile requests through a layer told that there is one proxy."""

    def ask(self, **fields):
        options = {"trusted_hops": 1, "fields": ("for", "proto", "ssl", "host", "port", "prefix")}
        family = "forwarded" if "forwarded" in fields else "x-forwarded"
        return through(
            ProxyMiddleware.layer(family=family, **options),
            "203.0.113.9",
            "testserver.example",
            **fields,
        )

    def test_the_right_most_address_counts(self):
        assert self.ask(x_forwarded_for="1.1.1.1, 2.2.2.2")["REMOTE_ADDR"] == "2.2.2.2"
        assert self.ask(x_forwarded_for="evil,2.2.2.2")["REMOTE_ADDR"] == "2.2.2.2"

    @pytest.mark.parametrize(
        "value",
        ["a" * 65536, "2.2.2.2\r\nX: y", "2.2.2.2\0", "", ",", "::g", "1.2.3.4.5", "٣.1.1.1"],
    )
    def test_nonsense_is_ignored(self, value):
        assert self.ask(x_forwarded_for=value)["REMOTE_ADDR"] == "203.0.113.9"

    @pytest.mark.parametrize("value", ["javascript", "HTTPS2", "http\r\n", "https://x"])
    def test_only_http_and_https_are_schemes(self, value):
        assert self.ask(x_forwarded_proto=value)["wsgi.url_scheme"] == "http"

    @pytest.mark.parametrize(
        "value",
        ["a@evil.example", "evil.example#x", "a\r\nX: y", "a/b", "a b", "a\\b", "[::1", "x:0x50"],
    )
    def test_a_malformed_host_is_ignored(self, value):
        assert self.ask(x_forwarded_host=value)["HTTP_HOST"] == "testserver.example"

    def test_the_port_of_a_malformed_host_is_none(self):
        environ = through(use_x_forwarded(), host="example.com:abc", x_forwarded_proto="https")
        assert environ["SERVER_PORT"] == "443"
        environ = through(use_x_forwarded(), host="example.com:99999", x_forwarded_proto="https")
        assert environ["SERVER_PORT"] == "443"

    def test_the_port_follows_the_scheme_without_a_host_too(self):
        environ = through(use_x_forwarded(), host="", x_forwarded_proto="https")
        assert (environ["SERVER_PORT"], "HTTP_HOST" in environ) == ("443", False)
        assert Request(environ).host_url == "https://localhost"

    @pytest.mark.parametrize(
        "value",
        [
            "//evil.example",
            "/\\evil",
            "evil",
            "https://evil",
            "/a/../..",
            "/a/./b",
            "/a//b",
            "/a%2f",
            "/\r\n",
            "/..",
        ],
    )
    def test_a_prefix_is_a_normal_path_or_nothing(self, value):
        script_name = self.ask(x_forwarded_prefix=value)["SCRIPT_NAME"]
        assert script_name == ""

    def test_a_prefix_is_where_the_application_is_mounted(self):
        environ = self.ask(x_forwarded_prefix="/shop/")
        assert environ["SCRIPT_NAME"] == "/shop"
        assert Request(environ).request_uri == "http://testserver.example/shop/"

    @pytest.mark.parametrize("value", ["80@evil.example", "0", "65536", "-1", "8e1", "٨٠"])
    def test_a_port_is_digits_between_1_and_65535(self, value):
        assert self.ask(x_forwarded_port=value)["SERVER_PORT"] == "80"

    def test_a_port_completes_the_host(self):
        environ = self.ask(x_forwarded_port="8443", x_forwarded_proto="https")
        assert Request(environ).host_url == "https://testserver.example:8443"

    def test_the_right_most_element_counts_rfc_7239(self):
        environ = self.ask(forwarded="for=1.1.1.1;proto=https, for=2.2.2.2;proto=http")
        assert environ["wsgi.url_scheme"] == "http"
        assert environ["REMOTE_ADDR"] == "2.2.2.2"

    def test_only_the_configured_family_is_read(self):
        both = {"forwarded": "for=2.2.2.2", "x_forwarded_for": "3.3.3.3"}
        assert self.ask(**both)["REMOTE_ADDR"] == "2.2.2.2"
        one = through(ProxyMiddleware.layer(trusted_hops=1), "203.0.113.9", **both)
        assert one["REMOTE_ADDR"] == "3.3.3.3"

    def test_the_prefix_is_not_read_unless_it_is_among_the_fields(self):
        environ = through(ProxyMiddleware.layer(trusted_hops=1), x_forwarded_prefix="/shop")
        assert environ["SCRIPT_NAME"] == ""

    def test_fewer_entries_than_proxies_mean_that_one_was_passed_by(self):
        layer = ProxyMiddleware.layer(trusted_hops=2)
        environ = through(
            layer, "203.0.113.9", x_forwarded_for="1.1.1.1", x_forwarded_host="evil.example"
        )
        assert environ["REMOTE_ADDR"] == "203.0.113.9"
        assert environ["HTTP_HOST"] == "wsgi:8080"

    def test_as_many_entries_as_proxies_are_enough(self):
        layer = ProxyMiddleware.layer(trusted_hops=2)
        fields = {"x_forwarded_for": "192.0.2.7, 10.0.0.2", "x_forwarded_host": "real.example, inner"}
        environ = through(layer, "203.0.113.9", **fields)
        assert (environ["REMOTE_ADDR"], environ["HTTP_HOST"]) == ("192.0.2.7", "real.example")


class TestRfc7239:
    def said(self, field, **trust):
        return read_forwarded(field, "10.0.0.1", Trust(["10.0.0.0/8"], **trust))

    def test_the_examples_of_section_4(self):
        assert self.said('for="_gazonk"').client is None
        assert self.said('For="[2001:db8:cafe::17]:4711"').client == "2001:db8:cafe::17"
        said = self.said("for=192.0.2.60;proto=http;by=203.0.113.43")
        assert (said.client, said.proto) == ("192.0.2.60", "http")
        assert self.said("for=192.0.2.43, for=198.51.100.17").client == "198.51.100.17"

    def test_quotes_may_hold_commas_and_semicolons(self):
        assert self.said('for=192.0.2.1;host="real.example";x="a;b,\\"c"').host == "real.example"

    def test_the_element_of_the_outermost_proxy_of_ours_says_what_was_asked(self):
        said = self.said(
            "for=6.6.6.6;host=evil.example, for=192.0.2.7;host=real.example;proto=https, for=10.0.0.2;host=inner"
        )
        assert (said.client, said.host, said.proto) == ("192.0.2.7", "real.example", "https")

    @pytest.mark.parametrize(
        "sent",
        [
            "for=6.6.6.6" + "," * 1100, "for=6.6.6.6," + " ,\t" * 1100, 'for="6.6.6.6"' + "," * 1100, 'x="', 'x="a, b',
            'for=6.6.6.6;x="', 'x="\\', "for=6.6.6.6;", '"', '""""', "for=6.6.6.6;x=", "=", ";",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "added", ["for=192.0.2.7", 'for="[2001:db8::1]:80";proto=https', 'for="192.0.2.7";by="x"']
    )
    def test_what_a_client_sends_never_hides_what_the_proxy_adds(self, sent, added):
        assert self.said(f"{sent}, {added}") == self.said(added)
        assert self.said(f"{sent},{added}").client in {"192.0.2.7", "2001:db8::1"}

    @pytest.mark.parametrize(
        "sent", ['x="a;host=evil.example;"', 'x="\\";host=evil.example;"', 'x="\\\\"', 'x="\\a\\""', "", ";"]
    )
    def test_what_is_quoted_is_no_parameter_and_what_follows_is_one_section_4(self, sent):
        said = self.said(f"{sent};for=192.0.2.7;host=real.example")
        assert (said.client, said.host) == ("192.0.2.7", "real.example")

    def test_where_all_are_ours_the_left_most_element_counts(self):
        said = self.said("for=10.0.0.3;host=real.example, for=10.0.0.2;host=inner")
        assert (said.client, said.host) == ("10.0.0.3", "real.example")

    @pytest.mark.parametrize("unit", ['\\"', '"', '"\\', ',\\"', "for=10.0.0.2,", ";"])
    def test_elements_are_read_in_linear_time(self, unit):
        def call_with(size):
            field = unit * (size // len(unit))
            return lambda: self.said(field)

        assert_linear(call_with, 2000)

    def test_an_ipv4_address_within_ipv6_is_written_as_itself(self):
        assert self.said('for="[::ffff:192.0.2.7]:80"').client == "192.0.2.7"

    def test_an_absent_field_says_nothing(self):
        assert self.said(None).client is None
        assert read_forwarded("for=1.1.1.1", "192.0.2.1", Trust(["10.0.0.0/8"])) is None

    @given(st.text(alphabet='for=";,\\ 1.:[]host\r\n\0é', max_size=200), st.integers(0, 3))
    def test_nothing_raises(self, field, hops):
        self.said(field, hops=hops)
        read_x_forwarded(
            {"for": field, "host": field, "port": field, "prefix": field, "proto": field},
            "10.0.0.1",
            Trust(hops=hops),
        )

    @given(st.text(max_size=40))
    def test_a_node_is_an_address_or_none(self, text):
        found = read_node(text)
        assert found is None or re.fullmatch(r"[0-9a-f.:]+", str(found))


class TestLongFields:
    """The proxies of ours wrote the right-hand end: that is read however much stands before it."""

    def client(self, nodes):
        """Return the client that both families say."""
        trust = Trust(["10.0.0.0/8"])
        said = read_x_forwarded({"for": nodes}, "10.0.0.1", trust)
        elements = re.sub(r"(^|, *)(?=[0-9])", r"\1for=", nodes)
        assert read_forwarded(elements, "10.0.0.1", trust) == said
        return said.client

    @pytest.mark.parametrize("sent", ["a" * 8192, "10.0.0.9," * 2000, '"' * 9000, "," * 9000, "9.9.9.9" + " " * 9000])
    def test_a_client_who_sends_much_does_not_pass_for_the_proxy(self, sent):
        assert self.client(f"{sent}, 192.0.2.7") == "192.0.2.7"
        assert self.client(f"{sent}, 192.0.2.7, 10.0.0.2") == "192.0.2.7"

    def test_what_is_cut_in_two_is_not_read(self):
        trust = Trust(["10.0.0.0/8"])
        for size, client in ((8192, "192.0.2.7"), (8193, "10.0.0.2")):
            field = "192.0.2.7,".ljust(size - 8) + "10.0.0.2"
            assert read_x_forwarded({"for": field}, "10.0.0.1", trust).client == client
            field = "for=192.0.2.7,".ljust(size - 12) + "for=10.0.0.2"
            assert read_forwarded(field, "10.0.0.1", trust).client == client
        assert read_x_forwarded({"for": "1" * 9000}, "10.0.0.1", trust).client is None

    def test_thirty_two_hops_are_read(self):
        assert self.client(", ".join(f"10.0.0.{n}" for n in range(1, 35))) == "10.0.0.3"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("192.0.2.1:65535", "192.0.2.1"), ("[::1]", "::1"), ("::1", "::1"), ("::ffff:192.0.2.1", "::ffff:c000:201"),
        ("192.0.2.1:123456", None), ("192.0.2.1:", None), ("[::1", None), ("::1]", None), ("[fe80::1%eth0]", None),
        ("fe80::1%eth0", None), ("fe80::1%25eth0", None), ("192.0.2.01", None), ("3221225985", None), ("", None),
    ],
)  # fmt: skip
def test_a_node_is_an_address_as_rfc_7239_section_6_writes_it(text, written):
    found = read_node(text)
    assert (found and int(found)) == (written and int(ip_address(written)))


@pytest.mark.parametrize("port", ["1", "65535"])
def test_every_port_there_is_may_be_said(port):
    assert read_x_forwarded({"port": port}, "", Trust(hops=1)).port == port


def test_a_prefix_is_of_1024_characters_at_most():
    longest = "/" + "a" * 1023
    assert read_x_forwarded({"prefix": longest}, "", Trust(hops=1)).prefix == longest
    assert read_x_forwarded({"prefix": f"{longest}a"}, "", Trust(hops=1)).prefix is None


def test_paste_builds_the_layer_from_strings():
    layer = proxy_filter({}, trusted="10.0.0.0/8 localhost", fields="for proto")
    assert layer.options.trusted == ("10.0.0.0/8", "localhost")
