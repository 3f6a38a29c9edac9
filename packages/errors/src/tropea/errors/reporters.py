"""Tell somebody about an error: a reporter is any callable that takes a Report.

A reporter cannot break an answer: what it raises is logged.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tropea.errors.logs import log, log_exception
from tropea.errors.reports import Report

if TYPE_CHECKING:
    from email.message import EmailMessage

Reporter = Callable[[Report], object]


def log_error(report: Report) -> None:
    """Write the report with its traceback to the logger ``tropea.errors``."""
    log_exception(report.error, report.carried, "%s", report)


def sentry(report: Report) -> None:
    """Hand the exception to Sentry's SDK, with the request's id; raise ImportError without it."""
    import sentry_sdk  # type: ignore[import-not-found,unused-ignore]

    with sentry_sdk.new_scope() as scope:
        scope.set_tag("request_id", report.request_id)
        scope.set_tag("request", f"{report.method} {report.path}")
        scope.capture_exception(report.error)


@dataclass
class Mail:
    """Send each report by e-mail, from a thread of its own, so that no request waits for it.

    to: an address, or several.  sender: an address.
    host, port: of the SMTP server.
    timeout: seconds.
    waiting: reports kept while the server is slow; more are dropped and counted in the log.
    """

    to: str | Sequence[str]
    sender: str
    host: str = "localhost"
    port: int = 25
    timeout: float = 10.0
    waiting: int = 100
    subject: str = "Error"
    _queue: queue.Queue[Report] = field(init=False, repr=False)
    _lock: Any = field(init=False, repr=False, default_factory=threading.Lock)
    _thread: threading.Thread | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._queue = queue.Queue(self.waiting)

    def __call__(self, report: Report) -> None:
        with self._lock:  # started at first use: a thread does not survive a fork
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, daemon=True, name="tropea-mail")
                self._thread.start()
        try:
            self._queue.put_nowait(report)
        except queue.Full:
            log.warning("an error report was not mailed: %d are waiting", self.waiting)

    def message(self, report: Report) -> EmailMessage:
        """Write the message of a report."""
        from email.message import EmailMessage  # most processes never mail anything

        mail = EmailMessage()
        to = [self.to] if isinstance(self.to, str) else self.to
        mail["From"], mail["To"] = self.sender, ", ".join(to)
        mail["Subject"] = f"{self.subject}: {type(report.error).__name__} [{report.request_id}]"
        text = f"{report}\n\n{report.traceback()}"
        mail.set_content(text.encode("utf-8", "replace").decode())
        return mail

    def flush(self) -> None:
        """Wait until every report that was taken has been sent or given up."""
        self._queue.join()

    def _work(self) -> None:
        import smtplib

        while True:
            report = self._queue.get()
            try:
                with smtplib.SMTP(self.host, self.port, timeout=self.timeout) as server:
                    server.send_message(self.message(report))
            except Exception:
                log.exception("an error report could not be mailed")
            finally:
                self._queue.task_done()


class RateLimit:
    """Pass on so many reports of one kind in a minute; count the others.

    One kind is one class of exception raised at one line.

    per_minute: reports of one kind; 0 passes on everything.
    clock: seconds that never go back.
    """

    KINDS = 1000  #: kinds remembered; the one not seen for longest is forgotten

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute, self.clock = per_minute, clock
        self._kinds: OrderedDict[object, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, report: Report) -> Report | None:
        """Return the report with the count of those before it that were not, or None."""
        if not self.per_minute:
            return report
        now, kind = self.clock(), _kind_of(report.error)
        with self._lock:
            since, passed, suppressed = self._kinds.get(kind, (now, 0, 0))
            if now - since >= 60:
                since, passed = now, 0
            admitted = passed < self.per_minute
            counts = [since, passed + 1, 0] if admitted else [since, passed, suppressed + 1]
            self._kinds[kind] = counts
            self._kinds.move_to_end(kind)
            if len(self._kinds) > self.KINDS:
                self._kinds.popitem(last=False)
        return replace(report, suppressed=int(suppressed)) if admitted else None


def _kind_of(error: BaseException) -> object:
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = (step.tb_frame.f_code.co_filename, step.tb_lineno) if step else None
    return type(error), place
