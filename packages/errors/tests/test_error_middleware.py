"""Whatever escapes becomes one well-formed answer that tells nothing, and one report."""

import json
import logging
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tropea.core.errors import OptionError
from tropea.errors import ErrorMiddleware, Mail, error_middleware
from tropea.errors.reports import make_report

SECRET = "SECRET-hunter2"


def raising(error):
    def app(environ, start_response):
        raise error

    return app


@pytest.fixture
def reports():
    return []


@pytest.fixture
def guard(reports):
    def make(app, **options):
        return ErrorMiddleware(app, reporters=(reports.append,), **options)

    return make


def test_an_escaped_exception_becomes_a_page_that_leaks_nothing(guard, call):
    answer = call(guard(raising(ValueError(SECRET))))
    assert answer.status == "500 Internal Server Error"
    assert answer.headers["Content-Type"] == "text/html; charset=UTF-8"
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    for secret in (SECRET.encode(), b"Traceback", b"site-packages", b"ValueError"):
        assert secret not in answer.body


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/problem+json"),
        ("text/plain", "text/plain; charset=UTF-8"),
        ("text/html, */*;q=0.1", "text/html; charset=UTF-8"),
        ("image/png", "text/plain; charset=UTF-8"),
    ],
)
def test_the_page_is_negotiated(guard, call, accept, kind):
    answer = call(guard(raising(ValueError(SECRET))), HTTP_ACCEPT=accept)
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Vary"] == "Accept"
    if "problem" in kind:
        problem = json.loads(answer.body)
        assert problem["status"] == 500
        assert problem["instance"] == f"urn:request:{answer.headers['X-Request-Id']}"


def test_the_page_and_the_report_bear_the_same_id(guard, call, reports):
    answer = call(guard(raising(ValueError(SECRET))), "/shop", REMOTE_ADDR="192.0.2.1")
    (report,) = reports
    assert report.request_id == answer.headers["X-Request-Id"]
    assert report.request_id.encode() in answer.body
    assert (report.method, report.path, report.peer, report.when) == ("GET", "/shop", "192.0.2.1", "before")


@pytest.mark.parametrize(("given_id", "kept"), [("abc-123", True), ("a b", False), ("x" * 65, False), ("a\r\nb", False), ("", False)])
def test_a_sane_id_of_a_proxy_is_kept(guard, call, given_id, kept):
    answer = call(guard(raising(ValueError())), HTTP_X_REQUEST_ID=given_id)
    assert (answer.headers["X-Request-Id"] == given_id) is kept


def test_the_log_has_no_field_of_the_request_and_no_control(call, caplog):
    app = ErrorMiddleware(raising(ValueError("boom")))
    with caplog.at_level(logging.ERROR, "tropea.errors"):
        call(app, "/\x1b]0;pwn\x07\r\nfake", HTTP_AUTHORIZATION=f"Bearer {SECRET}", HTTP_COOKIE=f"sid={SECRET}",
             QUERY_STRING=f"token={SECRET}", HTTP_USER_AGENT="x\x1b]0;pwn\x07")  # fmt: skip
    (record,) = caplog.records
    message = record.getMessage()
    assert SECRET not in caplog.text
    assert not set(message) & set("\x1b\x07\r\n")
    assert message.startswith("ValueError before the answer: GET /\\x1b]0;pwn\\x07\\r\\nfake from 127.0.0.1")
    assert record.exc_info[0] is ValueError


REPEATED = "0123456789abcdef"


@pytest.mark.parametrize("where", ["the application", "an answer", "a reporter"])
def test_what_an_exception_repeats_of_the_request_is_hidden_and_commands_no_terminal(call, caplog, where):
    def repeat(*_):
        raise ValueError(f"unreadable: {REPEATED} \x1b]0;pwn\x07\x9b31m\r")

    options = {"an answer": {"answers": {LookupError: repeat}}, "a reporter": {"reporters": (repeat,)}}.get(where, {})
    app = ErrorMiddleware(repeat if where == "the application" else raising(LookupError()), **options)
    with caplog.at_level(logging.ERROR, "tropea.errors"):
        call(app, HTTP_COOKIE=f"sid={REPEATED}")
    assert "unreadable: … \\x1b]0;pwn\\x07\\x9b31m\\x0d" in caplog.text
    assert REPEATED not in caplog.text
    assert not set(caplog.text) & set("\x1b\x07\x9b\r")
    assert all(record.exc_info[1] is not None for record in caplog.records)


def test_a_huge_traceback_is_cut_in_its_middle(call, caplog):
    call(ErrorMiddleware(raising(ValueError("x" * 10**6 + " the end"))))
    assert len(caplog.text) < 110_000
    assert "Traceback" in caplog.text and " the end" in caplog.text


def test_an_exception_is_reported_once(guard, call, reports):
    call(guard(raising(ValueError())))
    assert len(reports) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_ends_the_process_is_never_swallowed(guard, error):
    with pytest.raises(error):
        guard(raising(error()))({"REQUEST_METHOD": "GET"}, None)


def test_a_head_that_nobody_sent_is_replaced(guard, call):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Set-Cookie", "a=b")])
        raise ValueError

    answer = call(guard(app))
    assert answer.status == "500 Internal Server Error"
    assert "Set-Cookie" not in answer.headers


def test_a_generator_that_fails_before_its_first_block_gets_a_page(guard, call):
    def app(environ, start_response):
        start_response("200 OK", [])
        yield b""
        raise ValueError(SECRET)

    answer = call(guard(app))
    assert answer.status == "500 Internal Server Error"
    assert b"Reference" in answer.body


def test_a_body_that_fails_later_is_reported_and_breaks_off(guard, call, body_of, answering, reports):
    body = body_of(b"one", OSError("disk"))
    answer = call(guard(answering(body=body)))
    assert answer.sent == [b"one"]
    assert isinstance(answer.raised, OSError)
    assert [report.when for report in reports] == ["during"]
    assert body.closed == 1


def test_a_caller_of_write_cannot_get_a_second_head(guard, call, reports):
    def app(environ, start_response):
        start_response("200 OK", [])(b"one")
        raise ValueError(SECRET)

    answer = call(guard(app))
    assert [status for status, _ in answer.heads] == ["200 OK"]
    assert isinstance(answer.raised, ValueError)
    assert len(reports) == 1


def test_a_body_that_fails_when_closed_harms_nobody(guard, call, body_of, answering, reports):
    body = body_of(b"whole", closing=OSError("late"))
    answer = call(guard(answering(body=body)))
    assert (answer.body, answer.raised) == (b"whole", None)
    assert [report.when for report in reports] == ["closed"]


def test_a_client_that_leaves_closes_the_body_once(guard, body_of, answering):
    body = body_of(b"one", b"two")
    answer = guard(answering(body=body))({}, lambda *a: None)
    next(iter(answer))
    answer.close()
    assert body.closed == 1


def test_a_list_and_a_file_pass_untouched(guard, answering):
    import wsgiref.util
    from io import BytesIO

    plain = [b"x"]
    assert guard(answering(body=plain))({}, lambda *a: None) is plain
    wrapped = wsgiref.util.FileWrapper(BytesIO(b"x"))
    environ = {"wsgi.file_wrapper": wsgiref.util.FileWrapper}
    assert guard(answering(body=wrapped))(environ, lambda *a: None) is wrapped


def test_head_gets_no_body(guard, call):
    answer = call(guard(raising(ValueError())), method="HEAD")
    assert answer.body == b""
    assert int(answer.headers["Content-Length"]) > 0


class Missing(LookupError):
    pass


class TestAnswers:
    def test_a_class_is_answered_with_a_status(self, guard, call, reports):
        answer = call(guard(raising(Missing(SECRET)), answers={LookupError: 404}))
        assert answer.status == "404 Not Found"
        assert SECRET.encode() not in answer.body
        assert reports == []

    def test_the_most_specific_class_wins(self, guard, call):
        layer = guard(raising(Missing()), answers={LookupError: 404, Exception: 418})
        layer.register(Missing, 410)
        assert call(layer).status == "410 Gone"

    def test_a_handler_gets_the_request_and_the_exception(self, guard, call):
        def sorry(request, error):
            return f"{request.path} {error}", 422

        answer = call(guard(raising(ValueError("bad date")), answers={ValueError: sorry}), "/form")
        assert (answer.status, answer.body) == ("422 Unprocessable Content", b"/form bad date")

    def test_mapped_exceptions_are_reported_when_asked(self, guard, call, reports):
        call(guard(raising(ValueError()), answers={ValueError: 400}, report_mapped=True))
        assert len(reports) == 1

    def test_a_handler_that_raises_gives_the_plain_page_and_both_are_told(self, guard, call, reports, caplog):
        def broken(request, error):
            raise KeyError(SECRET)

        answer = call(guard(raising(ValueError("first")), answers={ValueError: broken}))
        assert answer.status == "500 Internal Server Error"
        assert SECRET.encode() not in answer.body
        assert [type(report.error) for report in reports] == [ValueError]
        assert "the answer to ValueError raised in turn" in caplog.text

    @pytest.mark.parametrize("kind", ["at its first step", "before it starts", "without a start"])
    def test_a_page_that_fails_gives_the_plain_one(self, guard, call, kind):
        def page(environ, start_response):
            if kind == "without a start":
                return iter([b"never"])
            return steps(start_response)

        def steps(start_response):
            if kind == "before it starts":
                raise KeyError(SECRET)
            start_response("404 Not Found", [("Content-Type", "text/plain")])
            yield [][0]

        answer = call(guard(raising(ValueError("first")), answers={ValueError: lambda request, error: page}))
        assert (answer.status, answer.raised) == ("500 Internal Server Error", None)
        assert answer.body.count(b"<h1>") == 1

    def test_what_a_handler_aborts_with_is_the_answer(self, guard, call):
        from tropea.core.exceptions import abort

        answer = call(guard(raising(ValueError()), answers={ValueError: lambda request, error: abort(409, "Too late.")}))
        assert answer.status == "409 Conflict"
        assert b"Too late." in answer.body

    def test_an_exception_that_raises_when_it_is_asked_gets_the_plain_page(self, guard, call, reports):
        class Lying(Exception):
            @property
            def status(self):
                raise RuntimeError("no status")

        assert call(guard(raising(Lying()))).status == "500 Internal Server Error"
        assert [type(report.error) for report in reports] == [Lying]

    def test_an_http_exception_is_its_own_answer(self, guard, call, reports):
        from tropea.core.exceptions import NotFound

        answer = call(guard(raising(NotFound("No such recipe."))))
        assert answer.status == "404 Not Found"
        assert b"No such recipe." in answer.body
        assert reports == []

    def test_foreign_http_exceptions_are_too(self, guard, call):
        werkzeug = pytest.importorskip("werkzeug.exceptions")
        assert call(guard(raising(werkzeug.Gone()))).status == "410 GONE"

    def test_the_first_mapped_leaf_of_a_group_decides(self, guard, call):
        group = ExceptionGroup("several", [OSError("x"), ExceptionGroup("inner", [Missing()])])
        assert call(guard(raising(group), answers={LookupError: 404})).status == "404 Not Found"
        assert call(guard(raising(group))).status == "500 Internal Server Error"

    def test_a_group_that_ends_the_process_is_never_swallowed(self, guard):
        with pytest.raises(BaseExceptionGroup):
            guard(raising(BaseExceptionGroup("x", [KeyboardInterrupt()])))({}, None)

    @pytest.mark.parametrize(
        ("kind", "answer", "message"),
        [
            (KeyboardInterrupt, 500, "derived from Exception"),
            ("ValueError", 500, "derived from Exception"),
            (ValueError, 200, "a status from 400 to 599 for ValueError, got 200"),
            (ValueError, True, "a status or a callable"),
            (ValueError, "404", "a status or a callable"),
        ],
    )
    def test_what_cannot_be_an_answer_is_refused_at_start(self, kind, answer, message):
        with pytest.raises(OptionError, match=message):
            ErrorMiddleware(None, {kind: answer})


class TestReporters:
    def test_a_reporter_that_raises_breaks_neither_the_answer_nor_the_others(self, call, caplog, reports):
        def broken(report):
            raise RuntimeError("mail is down")

        app = ErrorMiddleware(raising(ValueError()), reporters=(broken, reports.append))
        assert call(app).status == "500 Internal Server Error"
        assert len(reports) == 1
        assert "the error reporter" in caplog.text

    def test_one_kind_is_reported_so_often_in_a_minute(self, guard, call, reports):
        layer = guard(raising(ValueError()), reports_per_minute=2)
        now = [0.0]
        layer.limit.clock = lambda: now[0]
        for _ in range(5):
            call(layer)
        assert len(reports) == 2
        now[0] = 60.0
        call(layer)
        assert reports[-1].suppressed == 3
        assert "(and 3 like it unreported)" in str(reports[-1])

    def test_another_kind_is_not_held_back(self, guard, call, reports):
        layer = guard(raising(ValueError()), reports_per_minute=1)
        call(layer)
        layer.app = raising(KeyError())
        call(layer)
        assert len(reports) == 2

    def test_what_is_remembered_of_kinds_is_bounded(self, guard, call):
        layer = guard(None, reports_per_minute=1)
        layer.limit.KINDS = 10
        for number in range(50):
            layer.app = raising(type(f"E{number}", (Exception,), {})())
            call(layer)
        assert len(layer.limit._kinds) <= 10


def test_mail_is_sent_from_a_thread_of_its_own():
    import socketserver
    import threading

    from tropea.errors import Mail
    from tropea.errors.reports import Report

    received = []

    class Server(socketserver.StreamRequestHandler):
        def handle(self):
            self.wfile.write(b"220 here\r\n")
            inside = False
            for line in self.rfile:
                if inside:
                    received.append(line)
                    inside = line != b".\r\n"
                    if not inside:
                        self.wfile.write(b"250 taken\r\n")
                elif line.upper().startswith(b"DATA"):
                    inside = True
                    self.wfile.write(b"354 go\r\n")
                elif line.upper().startswith(b"QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                else:
                    self.wfile.write(b"250 ok\r\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mail = Mail(["dev@example.test"], "app@example.test", port=server.server_address[1])
        mail(Report(ValueError("boom"), "id-1", "GET", "/x", "-", "before"))
        mail.flush()
        server.shutdown()
    text = b"".join(received).decode()
    assert "Subject: Error: ValueError [id-1]" in text
    assert "ValueError: boom" in text


def test_mail_goes_to_one_address_or_several_and_holds_any_text_but_no_credential():
    environ = {"HTTP_AUTHORIZATION": f"Bearer {REPEATED}"}
    report = make_report(ValueError(f"{REPEATED} half \ud800"), environ, "before")
    assert Mail("ops@example.org", "app@example.org").message(report)["To"] == "ops@example.org"
    mail = Mail(["a@example.org", "b@example.org"], "app@example.org").message(report)
    assert mail["To"] == "a@example.org, b@example.org"
    assert "ValueError: … half ?" in mail.get_content()
    assert REPEATED not in mail.get_content()


class TestSentry:
    @pytest.mark.filterwarnings("ignore")  # the SDK imports every framework that it finds
    def test_its_sdk_gets_the_exception_with_the_id_of_the_request(self, call, caplog):
        sdk = pytest.importorskip("sentry_sdk")
        from sentry_sdk.transport import Transport

        from tropea.errors import sentry

        class Collected(Transport):
            events = ()

            def capture_envelope(self, envelope):
                Collected.events = (*self.events, envelope.get_event())

        sdk.init(
            "http://key@127.0.0.1/1", transport=Collected, default_integrations=False, auto_enabling_integrations=False,
        )  # fmt: skip
        try:
            layer = ErrorMiddleware(raising(ValueError("boom")), reporters=(sentry,))
            answer = call(layer, "/shop", HTTP_X_REQUEST_ID="abc-123")
        finally:
            sdk.init()  # nothing more is sent
        assert answer.status[:3] == "500"
        (event,) = Collected.events
        assert event["exception"]["values"][-1]["value"] == "boom"
        assert event["tags"] == {"request_id": "abc-123", "request": "GET /shop"}

    def test_where_there_is_none_the_answer_stands_and_the_log_says_so(self, call, caplog, monkeypatch):
        from tropea.errors import sentry

        monkeypatch.setitem(sys.modules, "sentry_sdk", None)
        layer = ErrorMiddleware(raising(ValueError("boom")), reporters=(sentry,))
        assert call(layer).status[:3] == "500"
        assert "sentry" in caplog.text


def test_error_middleware_wraps_or_waits(answering):
    assert isinstance(error_middleware(answering()), ErrorMiddleware)
    assert isinstance(error_middleware()(answering()), ErrorMiddleware)


@given(st.text(max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_request_makes_a_page_that_breaks_a_line(path, accept, request_id):
    heads = []
    app = ErrorMiddleware(raising(ValueError()), reporters=(lambda report: None,))
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "HTTP_ACCEPT": accept, "HTTP_X_REQUEST_ID": request_id}
    app(environ, lambda status, headers, exc_info=None: heads.append((status, headers)))
    ((status, headers),) = heads
    assert not any(set(text) & set("\r\n\0") for text in (status, *sum(headers, ())))
