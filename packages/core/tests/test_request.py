"""A request: its fields, its body, and being webob's."""

from io import BytesIO

import pytest

from tropea.core import MultiDict, Request
from tropea.core.foundation import webob
from tropea.core.request import BodyConsumed
from tropea.core.request_options import RequestOptions, RequestOptionsMiddleware


def environ_of(method="GET", body=b"", **more):
    environ = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body),
        "wsgi.errors": None,
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    environ.update(more)
    return environ


def post(body, kind="application/x-www-form-urlencoded", **more):
    return Request(environ_of("POST", body, CONTENT_TYPE=kind, **more))


class TestBeingOneObject:
    def test_a_request_is_webobs(self):
        assert isinstance(Request(environ_of()), webob.Request)

    def test_one_environ_has_one_request(self):
        environ = environ_of()
        request = Request(environ)
        assert Request(environ) is request is Request.of(environ)

    def test_a_copied_environ_has_another(self):
        environ = environ_of()
        request = Request.of(environ)
        copied = dict(environ)
        assert Request.of(copied) is not request
        assert Request.of(copied).environ is copied

    def test_a_strong_reference_that_somebody_put_there_is_honoured_only_for_its_environ(self):
        environ = environ_of()
        other = Request(environ_of())
        environ["tropea.request"] = other
        assert Request.of(environ) is not other

    def test_a_subclass_gets_an_object_of_its_own_class(self):
        class Mine(Request):
            pass

        environ = environ_of()
        plain = Request.of(environ)
        assert type(Mine.of(environ)) is Mine
        assert type(plain) is Request

    def test_what_one_object_parsed_the_next_one_finds(self):
        environ = environ_of("POST", b"a=1", CONTENT_TYPE="application/x-www-form-urlencoded")
        Request.of(environ).form["b"] = "2"
        Request.of(environ).app_colour = "red"
        assert Request.of(environ).form.allitems() == [("a", "1"), ("b", "2")]
        assert Request.of(environ).app_colour == "red"

    def test_keywords_go_to_webob(self):
        assert Request(environ_of(), method="PUT").method == "PUT"

    def test_an_environ_that_is_no_dict_is_refused(self):
        with pytest.raises(TypeError):
            Request([])

    def test_copy_and_copy_get_make_requests_of_the_same_class(self):
        request = post(b"a=1")
        copied = request.copy()
        assert type(copied) is Request
        assert copied is not request
        assert copied.form["a"] == request.form["a"] == "1"
        assert request.copy_get().body == b""


class TestForm:
    def test_the_form_of_a_post_is_its_body(self):
        request = post(b"a=1&a=2&b=&c=%C5%BE", QUERY_STRING="q=1")
        assert request.form.allitems() == [("a", "1"), ("a", "2"), ("b", ""), ("c", "ž")]
        assert request["a"] == "1"
        assert request.get("zz", 5) == 5
        assert request.getlist("a", int) == [1, 2]
        assert request.query.allitems() == [("q", "1")]
        assert request.args is request.query

    def test_the_form_of_a_get_is_its_query(self):
        request = Request(environ_of(QUERY_STRING="a=1"))
        assert request.form["a"] == "1"

    def test_writing_to_the_form_of_a_get_leaves_the_query_alone(self):
        request = Request(environ_of(QUERY_STRING="a=1"))
        request.form["b"] = "2"
        assert request.form["b"] == "2"
        assert "b" not in request.query

    def test_the_form_is_empty_where_the_body_is_none(self):
        assert post(b"{}", "application/json").form == {}
        assert not post(b"", "").form

    def test_a_body_of_another_method_is_read_on_demand(self):
        body, kind = b"a=1", "application/x-www-form-urlencoded"
        request = Request(environ_of("DELETE", body, CONTENT_TYPE=kind, QUERY_STRING="q=2"))
        assert request.form.allitems() == [("q", "2")]
        assert request.read_form().allitems() == [("a", "1")]
        assert request["a"] == "1"

    def test_a_missing_field_is_a_keyerror_and_a_400(self):
        with pytest.raises(KeyError) as caught:
            post(b"a=1")["b"]
        assert caught.value.status_int == 400
        assert "'b'" in str(caught.value)

    def test_the_form_can_be_replaced(self):
        request = post(b"a=1")
        request.form = {"x": "y"}
        assert request.form.allitems() == [("x", "y")]

    def test_webobs_post_and_params_hold_the_same_fields(self):
        request = post(b"a=1&a=2", QUERY_STRING="q=%C5%BE")
        assert list(request.POST.items()) == [("a", "1"), ("a", "2")]
        assert request.params.getall("q") == ["ž"]
        assert type(request.POST) is webob.multidict.MultiDict

    def test_the_body_can_still_be_read_after_the_form(self):
        request = post(b"a=1")
        assert request.form["a"] == "1"
        assert request.body == b"a=1"
        assert request.environ["wsgi.input"].read() == b"a=1"

    def test_a_new_body_is_a_new_form(self):
        request = post(b"a=1")
        assert request.form["a"] == "1"
        request.body = b"a=2"
        assert request.form["a"] == request.POST["a"] == "2"

    def test_a_charset_is_honoured(self):
        kind = "application/x-www-form-urlencoded; charset=iso-8859-2"
        assert post(b"a=%BE", kind).form["a"] == "ž"

    @pytest.mark.parametrize("charset", ["nonsense", "zlib", "idna", "base64", "x" * 100])
    def test_a_charset_that_is_none_is_400(self, charset):
        request = post(b"a=1", f"application/x-www-form-urlencoded; charset={charset}")
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.form


class TestQuery:
    def test_it_can_be_replaced(self):
        request = Request(environ_of(QUERY_STRING="a=1"))
        request.args = {"b": "2"}
        assert request.query.allitems() == [("b", "2")]
        assert request.form["b"] == "2"

    def test_another_query_string_is_another_query(self):
        request = Request(environ_of(QUERY_STRING="a=1"))
        assert request.query["a"] == "1"
        request.query_string = "a=2"
        assert request.query["a"] == request.GET["a"] == "2"

    @pytest.mark.parametrize("text", ["a", "a=1&&b=2", "a=%ff"])
    def test_strict_parsing_makes_malformed_fields_400(self, text):
        request = Request(environ_of(QUERY_STRING=text))
        request.options = RequestOptions(strict_parsing=True)
        with pytest.raises(webob.exc.HTTPBadRequest, match="The query cannot be read"):
            request.query

    def test_semicolons_separate_fields_for_webob_alone(self):
        request = Request(environ_of(QUERY_STRING="a=1;b=2"))
        assert request.query.allitems() == [("a", "1;b=2")]
        assert list(request.GET.items()) == [("a", "1"), ("b", "2")]

    def test_text_that_is_not_from_a_server_is_taken_as_text(self):
        assert Request(environ_of(QUERY_STRING="a=ž&b=%20€")).query.allitems() == [
            ("a", "ž"),
            ("b", " €"),
        ]


class TestOptions:
    def test_too_many_fields_are_413(self):
        request = post(b"&".join([b"a=1"] * 11))
        request.options = RequestOptions(max_fields=10)
        with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
            request.form

    def test_too_many_fields_of_a_query_are_400(self):
        request = Request(environ_of(QUERY_STRING="a&" * 2000))
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.query

    def test_blank_values_can_be_left_out(self):
        request = post(b"a=1&b=&c")
        request.options = RequestOptions(keep_blank_values=False)
        assert request.form.allitems() == [("a", "1")]

    @pytest.mark.parametrize("body", [b"a", b"a=1&&b=2", b"a=%ff"])
    def test_strict_parsing_makes_malformed_fields_400(self, body):
        request = post(body)
        request.options = RequestOptions(strict_parsing=True)
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.form

    def test_a_layer_sets_the_options_of_an_application(self):
        seen = []

        def app(environ, start_response):
            seen.append(Request.of(environ).options.max_body)
            return []

        RequestOptionsMiddleware(app, max_body="1K")(environ_of(), None)
        assert seen == [1024]

    def test_a_subclass_sets_the_options_of_its_application(self):
        class Small(Request):
            default_options = RequestOptions(max_body=2)

        with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
            Small(environ_of("POST", b"abc")).body

    def test_a_negative_size_is_refused_when_it_is_written(self):
        with pytest.raises(ValueError, match="max_fields"):
            RequestOptions(max_fields=-1)


class TestJson:
    @pytest.mark.parametrize(
        "kind", ["application/json", "application/json; charset=utf-8", "application/x+json", ""]
    )
    def test_json_is_read_for_json_types(self, kind):
        request = post('{"a": "ž", "n": [1, 2]}'.encode(), kind)
        assert request.json == {"a": "ž", "n": [1, 2]}
        assert request.json.getlist("n", func=int) == [1, 2]
        assert request.json_body is request.json

    def test_a_list_has_the_getters_too(self):
        assert post(b"[1, 2]", "application/json").json.getfirst() == 1

    @pytest.mark.parametrize(
        "body",
        [
            b'{"a": <script>alert(1)</script>',
            b"",
            b"\xff",
            b"[" * 100_000,
            b'{"a":' * 5000,
            b"9" * 9999,
            b'["\\ud800"]',
            b'"\\udc00\\ud83d"',
            b'["\xed\xa0\x80"]',
        ],
        ids=[
            "text",
            "empty",
            "bytes",
            "deep lists",
            "deep objects",
            "long number",
            "half",
            "halves",
            "raw half",
        ],
    )
    def test_malformed_json_is_400_with_a_reason(self, body):
        with pytest.raises(webob.exc.HTTPBadRequest, match="The JSON cannot be read: ."):
            post(body, "application/json").json

    def test_brackets_inside_of_strings_are_no_depth(self):
        assert post(b'["' + b"[" * 500 + b'"]', "application/json").json == ["[" * 500]

    def test_what_is_wrong_is_said_without_the_words_of_programmers(self):
        with pytest.raises(webob.exc.HTTPBadRequest, match="a number has too many digits"):
            post(b"9" * 9999, "application/json").json

    def test_escapes_for_whole_characters_are_read(self):
        assert post(b'["\\ud83d\\ude00", "\\\\ud800", "\\u00e9"]', "application/json").json == [
            "😀",
            "\\ud800",
            "é",
        ]

    @pytest.mark.parametrize("charset", ["", "; charset=utf-8", "; charset=utf-16-le"])
    def test_a_byte_order_mark_is_skipped(self, charset):
        body = '\ufeff{"a": 1}'.encode(charset.partition("=")[2] or "utf-8")
        assert post(body, f"application/json{charset}").json == {"a": 1}

    def test_nan_is_read_as_the_standard_library_reads_it(self):
        assert post(b"NaN", "application/json").json != 0

    def test_a_nonsense_charset_is_400(self):
        with pytest.raises(webob.exc.HTTPBadRequest):
            post(b"{}", "application/json; charset=nonsense").json

    def test_a_form_has_no_json_and_json_has_no_form(self):
        assert post(b"a=1").json == {}
        assert post(b'{"a": 1}', "application/json").form == {}

    def test_another_type_is_415(self):
        with pytest.raises(webob.exc.HTTPUnsupportedMediaType):
            post(b"{}", "text/plain").json

    def test_no_body_and_no_type_is_an_empty_object(self):
        assert Request(environ_of()).json == {}

    def test_a_large_document_is_413(self):
        request = post(b'"' + b"a" * 2000 + b'"', "application/json")
        request.options = RequestOptions(max_memory=1000)
        with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
            request.json

    def test_json_can_be_set(self):
        request = post(b"{}", "application/json")
        request.json = {"a": 1}
        assert request.json == {"a": 1}
        assert request.body == b'{"a":1}'


class TestBody:
    def test_the_body_can_be_read_twice(self):
        request = post(b"hello", "text/plain")
        assert request.body == request.body == b"hello"
        assert request.text == "hello"

    def test_a_body_that_is_not_text_is_400(self):
        with pytest.raises(webob.exc.HTTPBadRequest):
            post(b"\xff", "text/plain").text

    def test_the_input_ends_where_the_body_does(self):
        request = Request(
            environ_of("POST", **{"wsgi.input": BytesIO(b"helloNEXT"), "CONTENT_LENGTH": "5"})
        )
        assert request.input.read(2) == b"he"
        assert request.input.read() == b"llo"

    @pytest.mark.parametrize(
        "length", ["0x5", "5 5", "abc", "²", "5.0", " 5 ", "-", "+5", "-1", "5_0", "٥"]
    )
    def test_a_length_that_is_none_is_400(self, length):
        request = Request(
            environ_of("POST", **{"CONTENT_LENGTH": length, "wsgi.input": BytesIO(b"hello")})
        )
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.body
        assert request.content_length is None

    def test_no_length_is_no_body(self):
        request = Request(
            environ_of("POST", **{"CONTENT_LENGTH": "", "wsgi.input": BytesIO(b"hello")})
        )
        assert request.body == b""

    def test_an_absurd_length_is_413(self):
        request = Request(environ_of("POST", CONTENT_LENGTH="9" * 5000))
        with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
            request.body

    def test_a_body_shorter_than_it_says_is_400(self):
        request = Request(
            environ_of("POST", **{"CONTENT_LENGTH": "9", "wsgi.input": BytesIO(b"hello")})
        )
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.body
        with pytest.raises(webob.exc.HTTPBadRequest):  # and it is not waited for again
            request.form = request.read_form()
            request.body

    def test_a_chunked_body_is_read_where_the_server_marks_its_end(self):
        environ = environ_of(
            "POST",
            HTTP_TRANSFER_ENCODING="chunked",
            CONTENT_TYPE="application/x-www-form-urlencoded",
        )
        environ["wsgi.input"] = BytesIO(b"a=1")
        environ["wsgi.input_terminated"] = True
        assert Request(environ).form["a"] == "1"

    def test_a_chunked_body_is_411_where_it_does_not(self):
        environ = environ_of("POST", HTTP_TRANSFER_ENCODING="chunked")
        with pytest.raises(webob.exc.HTTPLengthRequired):
            Request(environ).body

    def test_a_chunked_body_is_413_at_the_limit(self):
        environ = environ_of("POST", HTTP_TRANSFER_ENCODING="chunked")
        environ["wsgi.input"] = BytesIO(b"a" * 100_000)
        environ["wsgi.input_terminated"] = True
        request = Request(environ)
        request.options = RequestOptions(max_body=90_000)
        with pytest.raises(webob.exc.HTTPRequestEntityTooLarge):
            request.body

    def test_an_input_that_fails_is_400(self):
        class Gone:
            def read(self, size=-1):
                raise OSError("connection reset")

        request = Request(environ_of("POST", **{"CONTENT_LENGTH": "9", "wsgi.input": Gone()}))
        with pytest.raises(webob.exc.HTTPBadRequest):
            request.body

    def test_a_large_multipart_body_is_read_once_and_says_so(self):
        body = b"\r\n".join(
            [
                b"--B",
                b'Content-Disposition: form-data; name="f"; filename="f"',
                b"",
                b"x" * 200_000,
                b"--B--",
                b"",
            ]
        )
        request = post(body, "multipart/form-data; boundary=B")
        assert request.files["f"].size == 200_000
        assert request.POST["f"] is request.form["f"]
        with pytest.raises(BodyConsumed):
            request.body


class TestUsualThings:
    def test_user_api_and_db_are_none_at_first(self):
        request = Request(environ_of())
        assert (request.user, request.api, request.db) == (None, None, None)
        request.user, request.db = "fred", object()
        assert request.environ["tropea.user"] == "fred"
        assert request.db is not None

    def test_state_is_shared(self):
        environ = environ_of()
        Request(environ).state.colour = "red"
        assert Request(environ).state.colour == "red"

    def test_cgi_variables_are_attributes(self):
        request = Request(environ_of(DOCUMENT_ROOT="/srv", SERVER_NAME="www.example.com"))
        assert request.document_root == "/srv"
        assert request.server_name == "www.example.com"
        with pytest.raises(AttributeError, match="path_translated"):
            request.path_translated

    def test_a_session_without_its_layer_names_the_layer(self):
        with pytest.raises(LookupError, match="session layer"):
            Request(environ_of()).session

    def test_a_session_is_the_environs(self):
        environ = environ_of()
        environ["tropea.session"] = {"n": 1}
        assert Request(environ).session["n"] == 1

    def test_cookies(self):
        request = Request(environ_of(HTTP_COOKIE='a=1; b="q q"; a=2; c=%C5%BE; d="\\377"; =x; e'))
        assert request.cookies["a"] == "1"
        assert request.cookies["c"] == "ž"
        assert request.cookie_dict["a"].value == "1"
        assert [cookie.value for cookie in request.cookies_by_name("a")] == ["1", "2"]
        assert request.cookies.get("zz") is None

    def test_a_log_line_stays_one_line(self):
        from io import StringIO

        errors = StringIO()
        Request(environ_of(**{"wsgi.errors": errors})).log_error("a\r\nb")
        assert errors.getvalue() == "a\\r\\nb\n"

    def test_a_multidict_is_what_fields_are_in(self):
        request = Request(environ_of(QUERY_STRING="a=1"))
        assert all(
            isinstance(fields, MultiDict) for fields in (request.query, request.form, request.files)
        )


@pytest.mark.parametrize(
    ("path", "path_info", "query"),
    [
        ("/café", "/café", ""),
        ("/caf%C3%A9", "/café", ""),
        ("/日本?x=日", "/日本", "x=%E6%97%A5"),
        ("/a b?c=%zz", "/a b", "c=%zz"),
        ("http://example.org/é?é=1", "/é", "%C3%A9=1"),
    ],
)
def test_a_blank_request_takes_a_path_as_people_write_it(path, path_info, query):
    request = Request.blank(path)
    assert (request.path_info, request.environ["QUERY_STRING"]) == (path_info, query)
    assert request.environ["PATH_INFO"].encode("latin-1").decode() == path_info


def test_the_host_of_a_blank_request_is_written_as_browsers_send_it():
    request = Request.blank("http://bücher.example:8080/ä?x=ü")
    assert (request.host, request.path_info) == ("xn--bcher-kva.example:8080", "/ä")
    assert request.request_uri == "http://xn--bcher-kva.example:8080/%C3%A4?x=%C3%BC"
    based = Request.blank("/a", base_url="https://bücher.example/s")
    assert (based.host, based.path) == ("xn--bcher-kva.example:443", "/s/a")
    with pytest.raises(ValueError, match="label"):
        Request.blank(f"http://{'ü' * 80}.example/")
