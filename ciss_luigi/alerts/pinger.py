"""A separate program: makes one call to a dead-man service, as a line of JSON on its input says.

It imports nothing of the job, so that a night on which nothing happens costs very little. The address comes
by its input, because everybody on the machine can read a command line.
"""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request


def main() -> None:
    """Make the call; prints why it did not work, without the address, which is a key."""
    task = json.loads(sys.stdin.readline())
    body = task["body"].encode()[:10_000] or None
    request = urllib.request.Request(task["url"], data=body, method="POST" if body else "GET")  # noqa: S310
    context = ssl.create_default_context() if task["url"].startswith("https:") else None
    try:
        if context is not None and task["ca_cert"]:
            context.load_verify_locations(task["ca_cert"])
        with urllib.request.urlopen(request, timeout=task["seconds"], context=context) as answer:  # noqa: S310
            answer.read(1000)
    except urllib.error.HTTPError as error:
        sys.stdout.write(f"HTTP {error.code}")
    except urllib.error.URLError as error:
        sys.stdout.write(f"{type(error.reason).__name__}")
    except Exception as error:  # a traceback of any kind could show the address
        sys.stdout.write(type(error).__name__)


if __name__ == "__main__":
    main()
