"""Forms: what is read, what is refused, and how early."""

import logging
import os
import subprocess
import sys
import tracemalloc
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropea.core import Args, FieldStorageParser, FileUpload, Request, RequestOptions
from tropea.core.forms import parse_multipart
from tropea.core.foundation import webob
from tropea.core.testing import assert_linear

BAD, LARGE = webob.exc.HTTPBadRequest, webob.exc.HTTPRequestEntityTooLarge


def post(body, kind="multipart/form-data; boundary=B", options=None, **more):
    environ = {
        "REQUEST_METHOD": "POST", "QUERY_STRING": "", "CONTENT_TYPE": kind, "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body), **more,
    }  # fmt: skip
    request = Request(environ)
    if options:
        request.options = options
    return request


def part(name, content=b"", filename=None, headers=()):
    disposition = f'Content-Disposition: form-data; name="{name}"'
    if filename is not None:
        disposition += f'; filename="{filename}"'
    lines = [disposition, *headers, "", ""]
    return b"--B\r\n" + "\r\n".join(lines).encode() + content + b"\r\n"


END = b"--B--\r\n"


class TestMultipart:
    body = (
        part("a", "valž".encode())
        + part("f", b"file body", "../../x.txt", ["Content-Type: text/plain", "X-Colour: red"])
        + part("a", b"2")
        + END
    )

    def test_fields_and_files(self):
        request = post(self.body)
        assert request.form.getlist("a") == ["valž", "2"]
        upload = request.files["f"]
        assert upload is request.form["f"] is request.getstorage("f")
        assert (upload.name, upload.filename, upload.raw_filename) == ("f", "x.txt", "../../x.txt")
        assert (upload.type, upload.headers["X-Colour"]) == ("text/plain", "red")
        assert (upload.size, upload.value, upload.file.read()) == (9, b"file body", b"file body")

    @pytest.mark.parametrize("spelled", ["iso-8859-1", '"Latin1"', "windows-1252"])
    def test_rfc7578_4_4_a_part_may_name_its_charset(self, spelled):
        said = [f"Content-Type: text/plain; charset={spelled}"]
        request = post(part("a", b"caf\xe9", headers=said) + part("b", "é".encode()) + END)
        assert request.form.allitems() == [("a", "café"), ("b", "é")]

    @pytest.mark.parametrize("first", [True, False])
    def test_rfc7578_4_6_a_field_may_name_the_charset_of_the_others(self, first):
        naming, named = part("_charset_", b"windows-1252"), part("a", b"caf\xe9")
        own = part("b", "é".encode(), headers=["Content-Type: text/plain; charset=utf-8"])
        request = post((naming + named if first else named + naming) + own + END)
        assert (request.form["a"], request.form["b"]) == ("café", "é")
        assert list(request.form) == (["_charset_", "a", "b"] if first else ["a", "_charset_", "b"])

    @pytest.mark.parametrize("name", ["zlib_codec", "bogus", "utf-7", "\xff", "x" * 100])
    def test_a_charset_that_is_none_is_taken_for_utf8_or_refused_by_a_strict_application(self, name):
        body = part("_charset_", name.encode("latin-1")) + part("a", "é".encode()) + END
        assert post(body).form["a"] == "é"
        with pytest.raises(BAD, match="unknown charset"):
            post(body, options=RequestOptions(strict_parsing=True)).form

    def test_webobs_own_dictionary_holds_the_same(self):
        request = post(self.body)
        assert request.POST.getall("a") == ["valž", "2"]
        assert request.POST["f"] is request.files["f"]
        assert request.params["f"].filename == "x.txt"

    def test_a_small_body_can_be_read_again(self):
        request = post(self.body)
        assert request.files
        assert request.body == self.body
        assert request.form.getlist("a") == ["valž", "2"]

    def test_a_field_of_text_as_a_storage(self):
        storage = post(self.body).getstorage("a")
        assert (storage.filename, storage.value, storage.type) == (
            None,
            "valž".encode(),
            "text/plain",
        )
        assert post(self.body).getstorage("zz") is None

    def test_a_file_field_without_a_file_is_blank_text(self):
        request = post(part("f", b"", "") + END)
        assert request.form["f"] == ""
        assert not request.files

    def test_blank_fields_can_be_left_out(self):
        request = post(
            part("a") + part("b", b"1") + END, options=RequestOptions(keep_blank_values=False)
        )
        assert request.form.allitems() == [("b", "1")]

    def test_the_form_of_a_get_has_no_files(self):
        request = post(self.body, REQUEST_METHOD="GET")
        assert not request.files
        assert request.read_form().getlist("a") == ["valž", "2"]
        assert request.files["f"].filename == "x.txt"

    def test_an_extended_filename_is_not_a_filename_rfc_7578_section_4_2(self):
        body = b"--B\r\nContent-Disposition: form-data; name=\"f\"; filename*=UTF-8''%e2%82%ac.txt\r\n\r\nx\r\n--B--\r\n"
        assert post(body).form["f"] == "x"

    @pytest.mark.parametrize("size", [65535 - len(END) + n for n in range(-3, 12)])
    def test_what_follows_the_last_boundary_is_ignored_wherever_blocks_end(self, size):
        head = part("a", b"x" * 10) + b'--B\r\nContent-Disposition: form-data; name="b"\r\n\r\n'
        body = head + b"y" * (size - len(head)) + b"\r\n" + END + b"\r\nepilogue"
        assert len(post(body).form["b"]) == size - len(head)

    def test_a_body_of_no_parts(self):
        assert post(END).form == {}

    def test_a_chunked_body(self):
        request = post(
            self.body,
            **{
                "wsgi.input_terminated": True,
                "CONTENT_LENGTH": "",
                "HTTP_TRANSFER_ENCODING": "chunked",
            },
        )
        assert request.files["f"].value == b"file body"

    def test_an_input_that_gives_little_at_a_time(self):
        class Slow(BytesIO):
            def read(self, size=-1):
                return super().read(min(7, size) if size > 0 else 7)

        request = post(self.body, **{"wsgi.input": Slow(self.body)})
        assert request.form.getlist("a") == ["valž", "2"]
        assert request.files["f"].value == b"file body"


def peak_of(request, error):
    """Bytes that reading the form takes at most, until it is refused."""
    tracemalloc.start()
    try:
        with pytest.raises(error):
            request.form
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestRefused:
    def test_two_content_types_in_one_are_400(self):
        with pytest.raises(BAD, match="given twice"):
            post(TestMultipart.body, "multipart/form-data; boundary=B, multipart/form-data; boundary=C").form

    def test_a_quoted_boundary_may_hold_a_comma(self):
        body = TestMultipart.body.replace(b"--B", b"--B,C")
        assert post(body, 'multipart/form-data; boundary="B,C"').form["a"] == "valž"

    def test_what_is_wrong_is_said_without_the_words_of_programmers(self):
        with pytest.raises(BAD) as caught:
            post(b'--B\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--B--\r\n').form
        assert "UnicodeDecodeError" not in str(caught.value)

    @pytest.mark.parametrize(
        "kind",
        ["multipart/form-data", "multipart/form-data; boundary=", 'multipart/form-data; boundary=""',
         "multipart/form-data; boundary=safe; boundary=evil", "multipart/form-data; boundary=" + "x" * 300],
    )  # fmt: skip
    def test_no_boundary_two_or_an_endless_one_are_400(self, kind):
        with pytest.raises(BAD):
            post(TestMultipart.body, kind).form

    def test_the_same_boundary_twice_is_one(self):
        assert post(END, "multipart/form-data; boundary=B; boundary=B").form == {}

    @pytest.mark.parametrize("cut", [1, 3, 20, 60, len(TestMultipart.body) - 10])
    def test_a_truncated_body_is_400(self, cut):
        with pytest.raises(BAD):
            post(TestMultipart.body[:cut]).form
        with pytest.raises(BAD):
            post(TestMultipart.body[:cut], CONTENT_LENGTH=str(len(TestMultipart.body))).form

    def test_a_form_that_failed_fails_again_without_reading_on(self):
        request = post(TestMultipart.body[:60], CONTENT_LENGTH=str(len(TestMultipart.body)))
        for _ in range(2):
            with pytest.raises(BAD):
                request.form

    def test_more_parts_than_allowed_are_413(self):
        options = RequestOptions(max_parts=3)
        assert len(post(part("a") * 3 + END, options=options).form.getlist("a")) == 3
        with pytest.raises(LARGE):
            post(part("a") * 4 + END, options=options).form

    def test_more_fields_than_allowed_are_413_though_files_are_not_counted(self):
        options = RequestOptions(max_fields=1)
        assert (
            len(post(part("a") + part("f", b"", "x") * 5 + END, options=options).files.getlist("f"))
            == 5
        )
        with pytest.raises(LARGE):
            post(part("a") * 2 + END, options=options).form

    def test_a_field_of_16_mib_is_413(self):
        assert peak_of(post(part("a", b"x" * (16 << 20)) + END), LARGE) < 4 << 20

    def test_many_fields_together_are_413(self):
        with pytest.raises(LARGE):
            post(part("a", b"x" * 600) * 4 + END, options=RequestOptions(max_memory=2000)).form

    def test_16_mib_of_part_headers_are_413_and_are_not_kept(self):
        body = b"--B\r\nX-A: " + b"a" * (16 << 20)
        assert peak_of(post(body), LARGE) < 1 << 20

    def test_many_headers_of_a_part_are_413(self):
        with pytest.raises(LARGE):
            post(part("a", headers=[f"X-{n}: 1" for n in range(20)]) + END).form

    @pytest.mark.parametrize(
        "body",
        [b"--B\r\n\r\nx\r\n--B--\r\n", b'--B\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--B--\r\n',
         b"--B\r\nContent-Disposition: form-data\r\n\r\nx\r\n--B--\r\n", b"preamble --B\r\n", b"--B\n\n", b"",
         b"--B\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\nx\r\n--B--\r\n"],
        ids=["no disposition", "attachment", "no name", "preamble", "line feeds", "empty", "bytes"],
    )  # fmt: skip
    def test_malformed_parts_are_400(self, body):
        with pytest.raises(BAD):
            post(body).form

    def test_bytes_that_are_no_text_are_400_in_strict_parsing_alone(self):
        body = part("a", b"\xff") + END
        assert post(body).form["a"] == "\ufffd"
        with pytest.raises(BAD):
            post(body, options=RequestOptions(strict_parsing=True)).form

    def test_a_body_over_the_limit_is_413_before_a_byte_is_read(self):
        class Untouchable:
            def read(self, size=-1):
                raise AssertionError("read")

        with pytest.raises(LARGE):
            post(
                b"",
                options=RequestOptions(max_body=10),
                **{"wsgi.input": Untouchable(), "CONTENT_LENGTH": "11"},
            ).form

    def test_a_bomb_of_ten_million_parts_is_refused_before_a_thousandth_is_read(self):
        class Bomb:
            taken = 0
            unit = part("a", b"1")

            def read(self, size=-1):
                self.taken += size
                return (self.unit * (size // len(self.unit) + 1))[:size]

        bomb = Bomb()
        length = len(Bomb.unit) * 10_000_000
        with pytest.raises(LARGE):
            post(b"", **{"wsgi.input": bomb, "CONTENT_LENGTH": str(length)}).form
        assert bomb.taken < length / 1000


def swallow(call):
    def called():
        try:
            call()
        except webob.exc.HTTPException:
            pass

    return called


class TestLinearTime:
    """CPU time of hostile bodies, by ratio."""

    @pytest.mark.parametrize(
        "content",
        [lambda n: b"\r" + b"x" * n, lambda n: b"\r\n" * (n // 2), lambda n: b"\r\n--" * (n // 4), lambda n: b"\r\n--B-" * (n // 6),
         lambda n: b"\r" * n],
        ids=["CR first", "CR LF", "half boundaries", "almost boundaries", "CRs"],
    )  # fmt: skip
    def test_file_content(self, content):
        def call_with(size):
            body = part("f", content(size), "f") + END
            return swallow(lambda: post(body).form)

        assert_linear(call_with, 1 << 20, rounds=3)

    def test_an_epilogue_is_not_read_and_not_logged(self, caplog):
        body = part("a", b"1") + END + b"\r\n" * (8 << 20)
        with caplog.at_level(logging.DEBUG):
            assert post(body).form["a"] == "1"
        assert not caplog.records

    @pytest.mark.parametrize(
        "unit",
        [b"%", b"%4", b"%41", b"&", b"=", b"a=&", b"+", b"\xff", b"][c", b";"],
    )  # fmt: skip
    def test_url_encoded_text(self, unit):
        options = RequestOptions(max_fields=10**9)

        def call_with(size):
            body = unit * (size // len(unit))
            return swallow(
                lambda: post(body, "application/x-www-form-urlencoded", options).form.get("a")
            )

        assert_linear(call_with, 1 << 16)

    @pytest.mark.parametrize(
        "unit",
        [b'"', b'\\"', b'"\\', b"[", b"{", b'["', b"]", b'{"a":', b"9", b"\\u", b" ", b"[],"],
    )
    def test_json(self, unit):
        def call_with(size):
            body = unit * (size // len(unit))
            return swallow(lambda: post(body, "application/json").json)

        assert_linear(call_with, 1 << 16)

    @pytest.mark.parametrize(
        "unit", [";", "; ", "; a=", '; a="', '; a="\\', "=", '"', "; boundary=", "a"]
    )
    def test_content_types(self, unit):
        def call_with(size):
            kind = "multipart/form-data" + unit * (size // len(unit))
            return swallow(lambda: post(b"", kind).form)

        assert_linear(call_with, 1 << 14)


class TestSinks:
    def ask(self, sink, body=TestMultipart.body):
        return post(body, options=RequestOptions(sink=sink))

    def test_a_sink_sees_each_file_with_its_headers_and_says_where_it_goes(self):
        seen, target = [], BytesIO()

        def sink(upload):
            seen.append(
                (upload.name, upload.filename, upload.type, upload.headers["X-Colour"], upload.file)
            )
            return target

        request = self.ask(sink)
        assert request.files["f"].file is target
        assert seen == [("f", "x.txt", "text/plain", "red", None)]
        assert target.read() == b"file body"

    def test_none_is_a_temporary_file(self):
        assert self.ask(lambda upload: None).files["f"].value == b"file body"

    def test_false_refuses_a_part_and_reads_on(self):
        request = self.ask(lambda upload: False)
        assert not request.files
        assert request.form.getlist("a") == ["valž", "2"]

    def test_an_exception_aborts_and_closes_what_was_open(self):
        opened = []

        def sink(upload):
            if opened:
                raise webob.exc.HTTPForbidden
            opened.append(upload)

        with pytest.raises(webob.exc.HTTPForbidden):
            self.ask(sink, part("f", b"1", "a") + part("g", b"2", "b") + END).form
        assert opened[0].file.closed

    def test_a_sinks_file_need_not_go_back(self):
        class Pipe:
            content = b""

            def write(self, block):
                self.content += block

        pipe = Pipe()
        assert self.ask(lambda upload: pipe).files["f"].size == 9
        assert pipe.content == b"file body"


class TestFileUpload:
    @pytest.mark.parametrize(
        ("raw", "safe"),
        [("../../etc/passwd", "passwd"), ("C:\\fakepath\\photo.jpg", "photo.jpg"), ("a\u202egpj.exe", "agpj.exe"),
         ("a\r\nX: y", "aX y"), ("nul.txt", "_nul.txt"), ("..", "upload"), ("", "upload"), ("...hidden", "hidden"),
         (".bashrc", "bashrc"), ("a\0b", "ab"), ("ž" * 300 + ".txt", "ž" * 125 + ".txt"), ("a/b\\", "upload"), ("\ud800x", "x")],
    )  # fmt: skip
    def test_names_are_made_safe(self, raw, safe):
        assert FileUpload("f", raw).filename == safe

    @given(st.text(max_size=400))
    def test_no_name_leaves_its_folder(self, raw):
        name = FileUpload("f", raw).filename
        assert name not in {"", ".", ".."}
        assert not set(name) & set('/\\\0\r\n:"')
        assert len(name.encode()) <= 255
        assert FileUpload("f", name).filename == name

    def test_it_is_saved_to_a_path_or_a_file(self, tmp_path):
        upload = post(TestMultipart.body).files["f"]
        assert upload.save(tmp_path / "copy") == 9
        assert (tmp_path / "copy").read_bytes() == b"file body"
        assert upload.save(str(tmp_path / "again")) == 9
        target = BytesIO()
        assert upload.save(target) == 9
        assert target.getvalue() == b"file body"

    def test_it_never_writes_over_a_file(self, tmp_path):
        (tmp_path / "x").write_text("here")
        with pytest.raises(FileExistsError):
            post(TestMultipart.body).files["f"].save(tmp_path / "x")

    def test_a_large_file_is_not_in_memory(self):
        upload = post(
            part("f", b"x" * 200_000, "big") + END, options=RequestOptions(spool=1000)
        ).files["f"]
        assert upload.file._rolled
        assert upload.size == 200_000
        upload.close()

    def test_it_shows_what_it_is(self):
        assert (
            repr(FileUpload("f", "a.txt"))
            == "<FileUpload 'f': 'a.txt', application/octet-stream, 0 bytes>"
        )
        assert FileUpload("f", "a").value == b""
        assert FileUpload("f", "a").save(BytesIO()) == 0


class TestByHand:
    def test_a_parser_reads_an_input_and_its_headers(self):
        headers = {
            "Content-Type": "multipart/form-data; boundary=B",
            "Content-Length": str(len(TestMultipart.body)),
        }
        form = FieldStorageParser(BytesIO(TestMultipart.body), headers).parse()
        assert form.getlist("a") == ["valž", "2"]

    def test_headers_may_be_a_requests_or_its_environ(self):
        request = post(TestMultipart.body)
        assert (
            FieldStorageParser(request.environ["wsgi.input"], request.headers).parse()["a"]
            == "valž"
        )
        request = post(TestMultipart.body)
        assert FieldStorageParser(request.input, request.headers_in).parse()["a"] == "valž"
        request = post(TestMultipart.body)
        assert FieldStorageParser(request.input, request.environ).parse()["a"] == "valž"

    def test_a_file_callback_gets_the_safe_name_and_gives_the_file(self, tmp_path):
        headers = {
            "Content-Type": "multipart/form-data; boundary=B",
            "Content-Length": str(len(TestMultipart.body)),
        }
        parser = FieldStorageParser(
            BytesIO(TestMultipart.body),
            headers,
            file_callback=lambda name: (tmp_path / name).open("w+b"),
        )
        with parser.parse()["f"].file as file:
            assert file.read() == b"file body"
        assert (tmp_path / "x.txt").read_bytes() == b"file body"

    def test_its_options(self):
        headers = {"Content-Length": "8"}
        assert FieldStorageParser(BytesIO(b"a=&b=1&c"), headers, keep_blank_values=0).parse() == {
            "b": "1"
        }
        with pytest.raises(BAD):
            FieldStorageParser(BytesIO(b"a=&b=1&c"), headers, strict_parsing=1).parse()
        with pytest.raises(LARGE):
            FieldStorageParser(BytesIO(b"a=&b=1&c"), headers, max_fields=2).parse()

    def test_a_body_of_another_type_is_no_form(self):
        assert (
            FieldStorageParser(
                BytesIO(b"{}"), {"Content-Type": "application/json", "Content-Length": "2"}
            ).parse()
            == {}
        )

    @pytest.mark.parametrize(
        ("query", "pairs"),
        [("a=1&a=2&b=", [("a", "1"), ("a", "2")]), ("a=%C5%BE", [("a", "ž")]), ("a=1;b=2", [("a", "1;b=2")]),
         ("a=%ff", [("a", "\ufffd")]), ("a+b=c+d", [("a b", "c d")])],
    )  # fmt: skip
    def test_args_as_poorwsgi_2_8_1_read_them(self, query, pairs):
        args = Args({"QUERY_STRING": query}, keep_blank_values=0)
        assert args.allitems() == pairs
        assert args.getfirst("zz") is None
        assert args.getlist("zz") == []

    def test_args_of_a_request_and_in_strict_parsing(self):
        assert Args(Request({"QUERY_STRING": "a=1&b="})).allitems() == [("a", "1"), ("b", "")]
        with pytest.raises(ValueError, match="bad field"):
            Args("a", strict_parsing=1)

    def test_a_request_reads_the_same(self):
        request = Request({"REQUEST_METHOD": "GET", "QUERY_STRING": "a=1&a=2&b="})
        assert request.args.getfirst("a") == "1"
        assert request.args.getlist("a", func=int) == [1, 2]


class TestAnyBytes:
    @settings(max_examples=150, deadline=None)
    @given(
        st.binary(max_size=2000),
        st.sampled_from(
            [
                "multipart/form-data; boundary=B",
                "application/x-www-form-urlencoded",
                "application/json",
                "",
                "text/x; charset=utf-16",
            ]
        ),
    )
    def test_a_body_is_read_or_refused(self, body, kind):
        request = post(body, kind)
        for read in (
            lambda: request.form,
            lambda: request.POST,
            lambda: request.json,
            lambda: request.text,
            lambda: request.files,
            lambda: request.body,
        ):
            try:
                read()
            except webob.exc.HTTPException as refusal:
                assert refusal.status_int in {400, 413, 415}

    @settings(max_examples=150, deadline=None)
    @given(
        st.lists(
            st.sampled_from(
                [
                    b"--B",
                    b"\r\n",
                    b"--",
                    b"\n",
                    b'Content-Disposition: form-data; name="a"',
                    b'; filename="f"',
                    b"Content-Type: text/plain",
                    b"x",
                    b"\r",
                    b"Content-Length: 3",
                    b"\xff",
                    b"\0",
                ]
            ),
            max_size=30,
        )
    )
    def test_pieces_of_a_multipart_body_are_read_or_refused(self, pieces):
        try:
            post(b"--B\r\n" + b"".join(pieces)).form
        except webob.exc.HTTPException as refusal:
            assert refusal.status_int in {400, 413}

    @given(
        st.lists(
            st.tuples(
                st.text(alphabet="abcž ", min_size=1, max_size=5),
                st.binary(max_size=200).filter(lambda b: b"--B" not in b),
            ),
            max_size=6,
        ),
        st.integers(1, 100),
    )
    def test_what_is_sent_in_parts_arrives_whatever_the_blocks(self, fields, size):
        body = BytesIO(b"".join(part(name, content, "f") for name, content in fields) + END)
        pairs = parse_multipart(lambda _: body.read(size), "B")
        assert [(name, upload.value) for name, upload in pairs] == fields


@pytest.mark.slow
@pytest.mark.skipif(
    not os.path.exists("/proc/self/status"), reason="peak memory is read from /proc"
)
def test_200_mb_are_uploaded_in_constant_memory_through_a_server(tmp_path):
    """Memory is that of a server in a process of its own, before and after."""
    import http.client

    program = tmp_path / "server.py"
    program.write_text(
        "import waitress\n"
        "from tropea.core import Request\n"
        "def app(environ, start_response):\n"
        "    request = Request(environ)\n"
        "    size = request.files['f'].size if request.method == 'POST' else 0\n"
        "    status = open('/proc/self/status').read()\n"
        "    peak = status.partition('VmHWM:')[2].split()[0]\n"
        "    body = f'{size} {peak}'.encode()\n"
        "    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', str(len(body)))])\n"
        "    return [body]\n"
        "server = waitress.create_server(app, host='127.0.0.1', port=0, threads=2)\n"
        "print(server.effective_port, flush=True)\n"
        "server.run()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)], stdout=subprocess.PIPE, text=True
    )
    try:
        port = int(server.stdout.readline())

        def ask(size):
            head = b'--B\r\nContent-Disposition: form-data; name="f"; filename="big"\r\n\r\n'
            block = bytes(1 << 20)
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.putrequest("POST", "/")
            connection.putheader("Content-Type", "multipart/form-data; boundary=B")
            connection.putheader("Content-Length", str(len(head) + size + 2 + len(END)))
            connection.endheaders()
            connection.send(head)
            for _ in range(size >> 20):
                connection.send(block)
            connection.send(b"\r\n" + END)
            answer = connection.getresponse().read().split()
            connection.close()
            return int(answer[0]), int(answer[1])

        small, before = ask(1 << 20)
        large, after = ask(200 << 20)
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()
    assert (small, large) == (1 << 20, 200 << 20)
    print(f"peak memory {before} KiB after 1 MiB, {after} KiB after 200 MiB")
    assert after - before < 8 * 1024
