"""An impalad's face on a real HiveServer2: what only Impala understands is answered and recorded here.

Everything else runs on the real server behind it. So impyla and its users are tried with Impala's
statements, options and error texts, and with data that were really written; how an impalad plans,
caches or computes is not tried by it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from tests.servers import impalaoptions
from tests.servers.impalaanalysis import Analysis
from tests.servers.impalaanswers import answer, forward
from tests.servers.impalacatalog import Catalog
from tests.servers.impalagrammar import Version, refusal
from tests.servers.impalaservice import Service
from tests.servers.impalasession import BackendError, ImpalaError, Operation, Session
from tests.servers.impalasql import Sql, kind, read
from tests.servers.impalatables import full_name
from tests.servers.impalatranslate import Dialect
from tests.servers.process import HOST
from tests.servers.thriftwire import Client, Listener

# Errors that Impala finds before anything runs come from ExecuteStatement; all others from the status.
_AT_ONCE = re.compile(
    r"(Parse|Analysis|Authorization)Exception|Invalid (session id|query option)|"
    r"Session (expired|closed)|Server is being shut down"
)
_MISSING = re.compile(r"Table not found '?([\w.`]+)|TABLE_OR_VIEW_NOT_FOUND\] The table or view ([\w.`]+)")


@dataclass(frozen=True)
class Statement:
    """A statement as it came: `sent` is what the real server took, `error` what was answered at once."""

    text: str
    kind: str
    options: Mapping[str, str]
    sent: str = ""
    error: str = ""


@dataclass
class _Failure:
    pattern: re.Pattern[str]
    text: str
    times: int
    after_execution: bool


@dataclass
class ImpalaFront:
    """The front while it runs; it decides what becomes of each statement."""

    host: str
    port: int
    dialect: Dialect
    version: Version
    analysis: Analysis
    statements: list[Statement] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    restart: Callable[[], None] = field(default=lambda: None)
    _failures: list[_Failure] = field(default_factory=list)

    def texts(self, *kinds: str) -> list[str]:
        """Give the statements of these kinds in their order; of all kinds when none is named."""
        return [one.text for one in self.statements if not kinds or one.kind in kinds]

    @property
    def catalog(self) -> Catalog:
        """What this Impala knows of the tables."""
        return self.analysis.catalog

    def clear(self) -> None:
        """Forget what was recorded and set, fail and deny nothing more; sessions and the catalog stay."""
        self.analysis.denied.clear()
        self.statements.clear()
        self.options.clear()
        self._failures.clear()

    def fail_next(
        self, pattern: str, error_text: str, times: int = 1, *, after_execution: bool = False
    ) -> None:
        """Answer the next statements that match with an error, or run them and then say that they failed."""
        compiled = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        self._failures.append(_Failure(compiled, error_text, times, after_execution))

    def run(self, session: Session, text: str, overlay: Mapping[str, str]) -> Operation:
        """Answer, forward or refuse a statement, and record it."""
        sql = read(text)
        options = {**session.options, **{key.upper(): value for key, value in overlay.items()}}
        record = Statement(text, kind(sql), options)
        self.statements.append(record)
        try:
            operation = self._fail(session, text) or self._checked(session, sql, overlay)
        except ImpalaError as error:
            words = str(error)
            if isinstance(error, BackendError):
                words = self.translate_error(session, words)
            self._record(record, error=words)
            raise ImpalaError(words) from error
        self._record(record, sent=operation.sent, error=operation.error or operation.error_after)
        return operation

    def configure(self, session: Session, configuration: Mapping[str, str]) -> None:
        """Take what a session opens with; unknown options are passed over in silence, as Impala does."""
        for name, value in configuration.items():
            with suppress(impalaoptions.InvalidOption):
                self._set(session, name, value)

    def translate_error(self, session: Session, text: str) -> str:
        """Word a missing table as Impala does: clients look for it before they REFRESH or INVALIDATE."""
        found = _MISSING.search(text)
        if not found:
            return text
        name = full_name(session, (found[1] or found[2]).replace("`", ""))
        return f"AnalysisException: Table does not exist: {name}"

    def _record(self, record: Statement, sent: str = "", error: str = "") -> None:
        """Complete a record in its place: statements of other sessions may have come since."""
        place = next((index for index, one in enumerate(self.statements) if one is record), None)
        if place is not None:  # else the front was cleared meanwhile
            self.statements[place] = replace(record, sent=sent, error=error)

    def _fail(self, session: Session, text: str) -> Operation | None:
        failure = next((one for one in self._failures if one.times > 0 and one.pattern.search(text)), None)
        if failure is None:
            return None
        failure.times -= 1
        if failure.after_execution:
            operation = self._checked(session, read(text), {})
            operation.error_after = failure.text
            return operation
        if _AT_ONCE.match(failure.text):
            raise ImpalaError(failure.text)
        return Operation(session, text, error=failure.text)

    def _checked(self, session: Session, sql: Sql, overlay: Mapping[str, str]) -> Operation:
        refused = refusal(sql.text, self.version)
        if refused:
            raise ImpalaError(refused)
        with _as_impala_error():
            for name in overlay:
                impalaoptions.checked(name, self.version)
            self.catalog.started(session)
            self.analysis.check(session, sql)
            done = answer(session, sql, self.analysis, self._set)
            return done or forward(session, sql, self.dialect, self.analysis)

    def _set(self, session: Session, name: str, value: str) -> None:
        key = impalaoptions.checked(name, self.version)
        if impalaoptions.levels(self.version)[key] != "REMOVED":  # the server's log alone tells of those
            session.options[key] = self.options[key] = impalaoptions.spelled(key, value)


@contextmanager
def _as_impala_error() -> Iterator[None]:
    try:
        yield
    except impalaoptions.InvalidOption as error:
        raise ImpalaError(str(error)) from error


@contextmanager
def impala_front(
    backend_host: str,
    backend_port: int,
    *,
    dialect: Dialect = "hive",
    backend_auth: str = "PLAIN",
    version: Version = (2, 12),
) -> Iterator[ImpalaFront]:
    """Run a front before a real HiveServer2 until the block ends.

    The oldest Impala that is supported is the strictest, and so the default `version`.
    """
    front = ImpalaFront(HOST, 0, dialect, version, Analysis(Catalog(), version))
    service = Service(front, partial(Client, backend_host, backend_port, backend_auth))
    listener = Listener(service)
    front.port, front.restart = listener.server_address[1], service.forget
    thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield front
    finally:
        listener.shutdown()
        listener.server_close()
        service.close()
        thread.join()
