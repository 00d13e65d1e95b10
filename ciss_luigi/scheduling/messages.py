"""What people read: the terminal without tracebacks for explained failures, luigid's page without markup."""

from __future__ import annotations

import atexit
import logging
import os
import re
import sys
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from luigi.rpc import RPCError

from ciss_luigi.errors import GIVE_IT, MACHINE_LACKS, CissError, EngineUnavailable, SourcesMissing, Stopped
from ciss_luigi.plaintext import printable_lines, without_secrets
from ciss_luigi.scheduling import luigidproxy, luigiprivate
from ciss_luigi.scheduling.command import current

if TYPE_CHECKING:
    from ciss_luigi.engines.base import Progress

logger = logging.getLogger("luigi-interface.ciss_luigi")

# The last error of a traceback that came as text from another process
_TRACED = re.compile(r"\A(?P<head>[^\n]*)\nTraceback .*^ciss_luigi\.[\w.]+: (?P<text>.*)\Z", re.DOTALL | re.M)
# All lines after the first are indented: only Luigi's handler begins a line, so no text can fake an entry
_NEXT_LINE = "\n  "
_LUIGIS = "luigi-interface"
_LAST_WORD_SECONDS = 2.0
# luigid shows a status message twice: escaped, and a second later as raw HTML
_PLAIN = str.maketrans({"<": "(", ">": ")", "&": "+", '"': " ", "'": " "})


class Readable(logging.Filter):
    """Drops the traceback of a failure whose own text explains it; hides the values of ``${NAME}``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Make a record's text harmless; drop only what Luigi says after our own last words."""
        text = head = record.getMessage()
        if text.endswith(luigiprivate.LAST_WORDS):
            return False
        ours, told = record.name != _LUIGIS, None
        if record.exc_info:
            error = record.exc_info[1]
            told = "" if error is None else explanation(error)
            if told is not None:
                text, ours = "\n".join(filter(None, (head, _once(told)))), True
                record.exc_info = record.exc_text = None
            else:
                record.exc_text = shown("".join(traceback.format_exception(*record.exc_info))).rstrip()
        elif traced := _TRACED.match(text):
            text, ours = f"{traced['head']}\n{traced['text'].rstrip()}", True
        elif _is_missing(record):
            told, text = text, _once(text)
        _note(record, text, told)
        text = shown(text)
        record.msg, record.args = "%s", (text.replace("\n", _NEXT_LINE) if ours else text,)
        return True


def _note(record: logging.LogRecord, text: str, told: str | None) -> None:
    """Note for the ledger why the command will not end well: errors, and what is missing."""
    if record.levelno >= logging.ERROR:
        current().lines.note(told or text)
        current().failures.append(told or text)
    elif told:
        current().lines.note(told)


def _is_missing(record: logging.LogRecord) -> bool:
    """Whether a record says which sources a date lacks."""
    return isinstance(record.args, tuple) and any(isinstance(one, SourcesMissing) for one in record.args)


_DATE = re.compile(r"\d{4}-\d\d(-\d\d)?")
_AS_BEFORE = "and so on, as above"


def _once(told: str) -> str:
    """A text of several lines once in full; for another date only its first line, if the rest is the same.

    So a range of 64 dates that fail alike can be read, and is not a thousand lines.
    """
    alike = _DATE.sub("D", told)
    first, _, rest = told.partition("\n")
    said = current().said
    if alike in said and rest:
        return f"{first}\n{_AS_BEFORE}"
    said.add(alike)
    return told


def shown(text: str) -> str:
    """A text for a log or a terminal, without secrets and without anything that a terminal would obey."""
    return printable_lines(without_secrets(text))


def say_before_the_log(text: str) -> None:
    """Write an error before Luigi has a log, in the form that its log would have."""
    current().lines.note(text)
    if sys.stderr is not None:  # closed by whoever started the program
        indented = shown(text).replace("\n", _NEXT_LINE)
        sys.stderr.write(f"ERROR: {indented}\n")


def explanation(error: BaseException) -> str | None:
    """The words that explain an error, or None if only a traceback can."""
    if isinstance(error, CissError | Stopped):
        return str(error)
    if isinstance(error, SystemExit):
        return ""  # whoever raised it has said why
    told = _of_others(error)
    return told and "{}\nState: {}\nNext:  {}".format(*told)


_KEPT = "every step that has ended has its marker; the next run goes on from there"


def machine_fault(error: BaseException) -> EngineUnavailable | None:
    """The explained error for a full disk, too few file descriptors and the like; None for others."""
    if not isinstance(error, OSError) or error.errno not in MACHINE_LACKS:
        return None
    again = f"{GIVE_IT} the same command again"
    return EngineUnavailable(f"this machine cannot go on: {error}", state=_KEPT, next_command=again)


def _of_others(error: BaseException) -> tuple[str, str, str] | None:
    """What failed, the state and the next command, for an error that Luigi or the machine has raised."""
    lacking = machine_fault(error)
    if lacking is not None:
        return lacking.what, lacking.state, lacking.next_command
    if isinstance(error, RuntimeError) and str(error).startswith(luigiprivate.UPSTREAM_NOT_DONE):
        what = f"luigid let this step begin although one before it is not done. {error}"
        return what, "this step touched nothing", "the same command again; steps mark themselves as done"
    if _is_no_url(error):
        what = "luigid's address is not a URL (--scheduler-url, or default_scheduler_url of [core])"
        return what, "nothing was touched", "the same command with a URL, such as http://127.0.0.1:8082"
    if isinstance(error, RPCError):
        reason = f": {error.sub_exception}" if error.sub_exception else ""
        proxy = luigidproxy.of_luigid()
        if proxy:
            again = f"export no_proxy={proxy.host} (or add --local-scheduler), then the same command again"
            return f"luigid is asked through the {proxy}. {error}{reason}", _KEPT, again
        again = "start luigid (or add --local-scheduler), then the same command again"
        return f"luigid does not answer. {error}{reason}", _KEPT, again
    return None


def _is_no_url(error: BaseException) -> bool:
    """Whether an error says so. Luigi asks by ``requests``, or without it by the standard library."""
    if isinstance(error, RPCError):
        return isinstance(error.sub_exception, ValueError)
    return isinstance(error, ValueError) and str(error).startswith("unknown url type")


def install() -> None:
    """Put the filter on Luigi's logger and on ours, once: a logger's filter sees nothing of those below."""
    if any(isinstance(known, Readable) for known in logger.filters):
        return
    for one in (logging.getLogger(_LUIGIS), logger):
        one.addFilter(Readable())
    atexit.register(_give_up_on_a_full_log)


def _give_up_on_a_full_log() -> None:
    """Drop what Python has not written yet: it would try again at the very end, and exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:  # closed by whoever started the program
            continue
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def for_luigid(text: str) -> str:
    """A text that luigid shows unchanged, both as text and as raw HTML."""
    return "".join(
        character if character.isprintable() or character == "\n" else " "
        for character in without_secrets(text).replace("->", "to")
    ).translate(_PLAIN)


class ProgressTeller:
    """Tells progress to the log and, without ever waiting for it, to luigid.

    A call to a luigid that has died blocks for a minute and then fails. So a daemon thread makes it, always
    with only the newest message, percentage and URL.
    """

    def __init__(
        self,
        send: Callable[[str], None] | None,
        *,
        percentage: Callable[[int], None] | None = None,
        url: Callable[[str], None] | None = None,
    ) -> None:
        self._senders: dict[str, Callable[[Any], None] | None] = {
            "message": send, "percentage": percentage, "url": url
        }  # fmt: skip
        self._newest: dict[str, Any] = {}
        self._query = self._sentence = self._url = ""
        self._wake = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None

    def __call__(self, message: str) -> None:
        """Tell one message."""
        logger.info("%s", message)
        self.headline(message)

    def headline(self, sentence: str) -> None:
        """Tell only luigid, for its page; the log says the same in other lines."""
        self._sentence = sentence
        self._tell("message", for_luigid(sentence))

    def last_word(self, sentence: str) -> None:
        """Tell luigid what came out, and wait a moment until it has it: the process may end then."""
        self.headline(sentence)
        self._idle.wait(_LAST_WORD_SECONDS)

    def watch(self, progress: Progress) -> None:
        """Tell how far a statement is, and what its server says about it.

        On luigid's page the server's words stand below the sentence, which is what most people look for.
        """
        self._query = progress.query or self._query
        if progress.fraction is not None:
            self._tell("percentage", round(100 * progress.fraction))
        if progress.url and progress.url != self._url:  # luigid keeps it, and polls are many
            self._url = progress.url
            self._tell("url", without_secrets(progress.url))
        if progress.line:
            words = ": ".join(filter(None, (self._query, progress.line)))
            logger.info("%s", words)
            self._tell("message", for_luigid("\n".join(filter(None, (self._sentence, words)))))

    def _tell(self, what: str, value: Any) -> None:
        if self._senders[what] is None:
            return
        self._newest[what] = value
        self._idle.clear()
        self._wake.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._pass_on, daemon=True, name="ciss status")
            self._thread.start()

    def _pass_on(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            newest, self._newest = self._newest, {}
            for what, value in newest.items():
                try:
                    self._senders[what](value)  # type: ignore[misc]
                except Exception as error:  # Luigi's, of many kinds; none may end this thread
                    logger.debug("luigid did not take a status message: %s", error)
            if not self._wake.is_set():
                self._idle.set()
