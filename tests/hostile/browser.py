"""A real browser without a screen, told what to do over its own debugging line."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.command import PATIENCE, wait_until

PROGRAM = "chromium"


def require() -> None:
    """Skip the test where there is no browser; fail it in CI, where nothing may be missing."""
    if shutil.which(PROGRAM):
        return
    reason = f"not installed: {PROGRAM} (Debian package {PROGRAM})"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class Page:
    """One page; what is asked of it is JavaScript."""

    def __init__(self, address: str) -> None:
        from tornado.websocket import websocket_connect

        self._loop = asyncio.new_event_loop()
        self._line: Any = self._loop.run_until_complete(self._connect(websocket_connect, address))

    async def _connect(self, connect: Any, address: str) -> Any:
        return await connect(address)

    def ask(self, expression: str) -> Any:
        """The value of an expression."""
        parameters = {"expression": expression, "returnByValue": True}
        answer = self._loop.run_until_complete(self._call(parameters))
        return answer["result"]["result"].get("value")

    async def _call(self, parameters: dict[str, Any]) -> dict[str, Any]:
        await self._line.write_message(
            json.dumps({"id": 1, "method": "Runtime.evaluate", "params": parameters})
        )
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(self._line.read_message(), PATIENCE))
        return answer

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true."""
        wait_until(lambda: self.ask(f"Boolean({expression})"))

    def close(self) -> None:
        """Let the line go."""
        self._line.close()
        self._loop.close()


@contextmanager
def page(folder: Path, url: str) -> Iterator[Page]:
    """A browser that shows a page and reaches nothing outside this machine."""
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
    ]
    process = subprocess.Popen(
        [PROGRAM, *options, url], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        shown = Page(_address(process))
        try:
            yield shown
        finally:
            shown.close()
    finally:
        process.kill()
        process.communicate()


def visualiser(port: int) -> str:
    """The address of the page of a luigid on this machine."""
    return f"http://127.0.0.1:{port}/static/visualiser/index.html"


def message_of(page: Page, task: str) -> str:
    """Open a task's message on luigid's page as a reader does, and read it."""
    of_task = f"$('#taskTable tbody tr').filter((_, one) => one.textContent.includes('{task}'))"
    page.wait_for(f"window.$ && {of_task}.find('.statusMessage').length")
    page.ask(f"{of_task}.find('.statusMessage').first().click()")
    page.wait_for("$('#statusMessageModal pre').text().length > 0")
    return str(page.ask("$('#statusMessageModal pre').text()"))


def _address(process: subprocess.Popen[str]) -> str:
    """Where the page listens: the browser says its port on stderr."""
    assert process.stderr is not None
    told = next(found for line in process.stderr if (found := re.search(r"ws://127.0.0.1:(\d+)/", line)))
    with urlopen(f"http://127.0.0.1:{told[1]}/json") as answer:
        tabs = json.loads(answer.read())
    return next(str(tab["webSocketDebuggerUrl"]) for tab in tabs if tab["type"] == "page")
