"""``python -m tools.pictures``: the pictures in ``docs/pictures``, made anew from the sample.

Needs the packages of ``[test]`` and a chromium. Runs the sample's nights in a folder of its own, the last one
under a luigid, and takes pictures of what people look at: report, luigid's page, the terminal.
"""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tools.sample import nights

DOCS = Path(__file__).parents[1] / "docs" / "pictures"
NIGHT = "2016-11-22"
_TERMINAL = "body { margin: 0; padding: 14px 18px; background: #16171a; width: max-content; }"


def main() -> None:
    """Make every picture."""
    with tempfile.TemporaryDirectory(prefix="ciss-pictures-") as name, contextlib.chdir(name):
        Path("luigi.cfg").write_text("[ciss]\n", encoding="utf-8")
        nights.main()
        _run("ciss", "load", "--sample")
        with sync_playwright() as made, _luigid() as port:
            options = ("--scheduler-host", "127.0.0.1", "--scheduler-port", str(port))
            _run("luigi", "--module", "ciss_luigi", "MergeMain", "--date", NIGHT, *options)
            _run("ciss", "report", "--month", NIGHT[:7], "--out", "report.html")
            browser = made.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            _report(browser, Path(name, "report.html"))
            _page(browser, port)
            _graph(browser, port)
            _terminal(browser, "status", "--from", "2016-11-03", "--to", NIGHT)
            _terminal(browser, "history", "--from", "2016-11-03", "--to", NIGHT)
            browser.close()


def _report(browser: Browser, file: Path) -> None:
    page = browser.new_page(viewport={"width": 1100, "height": 1240})
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.screenshot(path=DOCS / "report.png")


def _page(browser: Browser, port: int) -> None:
    """The list of tasks, and what the last of them says."""
    page = browser.new_page(viewport={"width": 1200, "height": 560})
    page.goto(f"http://127.0.0.1:{port}/static/visualiser/index.html")
    page.wait_for_selector(".statusMessage")
    page.locator("tr", has_text="MergeMain").locator(".statusMessage").first.click()
    page.wait_for_timeout(1500)
    page.screenshot(path=DOCS / "luigid.png")


def _graph(browser: Browser, port: int) -> None:
    """How the steps hang together."""
    page = browser.new_page(viewport={"width": 1200, "height": 620})
    page.goto(f"http://127.0.0.1:{port}/static/visualiser/index.html")
    page.wait_for_selector(".statusMessage")
    page.locator("tr", has_text="MergeMain").locator("a[href*='graph']").first.click()
    page.get_by_label("Hide Done").uncheck(force=True)
    page.wait_for_timeout(2500)
    page.screenshot(path=DOCS / "luigid-graph.png")


def _terminal(browser: Browser, verb: str, *arguments: str) -> None:
    """What a verb prints on a terminal with colours."""
    from rich.console import Console
    from rich.terminal_theme import MONOKAI
    from rich.text import Text

    said = _on_a_terminal("ciss", verb, *arguments)
    console = Console(record=True, width=100, file=open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    console.print(Text(f"$ ciss {verb}", style="bold"))
    console.print(Text.from_ansi(said))
    page = browser.new_page(viewport={"width": 900, "height": 300})
    page.set_content(console.export_html(theme=MONOKAI))
    page.add_style_tag(content=_TERMINAL)
    page.locator("body").screenshot(path=DOCS / f"{verb}.png")


def _on_a_terminal(name: str, *arguments: str) -> str:
    """What a command of this virtual environment says on a terminal, colours included."""
    ours, its = pty.openpty()
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    around = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "92", "LANG": "C.UTF-8"}
    around.pop("NO_COLOR", None)
    running = subprocess.Popen(command, stdin=its, stdout=its, stderr=its, env=around)  # noqa: S603
    os.close(its)
    said = b""
    with contextlib.suppress(OSError):  # how a terminal says that nobody holds its other end any more
        while part := os.read(ours, 65536):
            said += part
    os.close(ours)
    running.wait()
    return said.decode().replace("\r\n", "\n")


def _run(name: str, *arguments: str) -> str:
    """Run a command of this virtual environment; what it said. 1 is an answer, too (status of open dates)."""
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode > 1:
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def _luigid() -> Iterator[int]:
    """A scheduler on a free port."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [str(Path(sys.executable).with_name("luigid")), "--port", str(port), "--address", "127.0.0.1"]
    daemon = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.2)
        yield port
    finally:
        daemon.terminate()
        daemon.wait()


if __name__ == "__main__":
    main()
