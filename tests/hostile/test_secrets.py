"""What other programs print: a value after the name of a secret is hidden, however it is written."""

from __future__ import annotations

import logging
import time

import pytest

from ciss_luigi.plaintext import without_named_secrets
from ciss_luigi.steps import javaprocess

LINES = (
    '{"password":"geheim", "rows": 1}',
    '{"password" : "ge\\"heim", "rows": 1}',
    r"{\"pwd\":\"geheim x\",\"rows\":1}",
    '{"keys": ["geheim", "geheim"], "rows": 1}',
    "<password>geheim</password>",
    "<ns:password lang='en'><![CDATA[geheim]]></ns:password>",
    "<name>hive.password</name><value>geheim</value>",
    '<property name="hive.password" value="geheim"/>',
    "beeline -u x -p geheim -e y",
    "x --password geheim",
    "x --password=geheim",
    "x -Djavax.net.ssl.keyStorePassword=geheim",
    "jdbc:hive2://u:geheim@h/",
    "jdbc:hive2://u:ge@heim@h/",
    "jdbc:h;password=geheim;rows=1",
    "HIVE_KEY=geheim passphrase=geheim",
    'password = "one geheim two"',
    'password = "one geheim',
    "password='it''s geheim'",
    "Token: geheim",
    "token => geheim",
    "key:abc:geheim",
    "password=ge,heim",
    "dbPass=geheim accessKey=geheim",
)


@pytest.mark.parametrize("line", LINES)
def test_a_secrets_value_is_hidden(line: str) -> None:
    found = without_named_secrets(line)
    assert "heim" not in found
    assert "***" in found
    assert ("rows" in line) == ("rows" in found), "what comes after it stays"


@pytest.mark.parametrize(
    "line",
    [
        "a password is needed",
        "tokens -> 5 rows",
        "https://h:10000/db",
        "x -p -q",
        "x -P 10000",
        "Loaded 5 rows; primary key violated",
        "Tests passed: 12",
        "Partition keys: [month_year]",
        "compass: north, monkey=1",
        "Caused by: KeyNotFound: Unable to acquire lock",
    ],
)
def test_a_line_without_a_secret_stays_as_it_is(line: str) -> None:
    assert without_named_secrets(line) == line


@pytest.mark.parametrize("part", ["pass", "<pass", "--key", " -p", "://a:", "key=[", 'pass="\\', "<key>"])
def test_a_line_that_was_made_for_it_takes_no_time(part: str, caplog: pytest.LogCaptureFixture) -> None:
    output = javaprocess._Output("a.B")
    begun = time.monotonic()
    with caplog.at_level(logging.INFO, "luigi-interface.ciss_luigi"):
        output.take((part * 500_000).encode())
    assert time.monotonic() - begun < 5
    assert len(output.last[-1]) <= 4_000


def test_a_class_output_has_no_secret() -> None:
    output = javaprocess._Output("a.B")
    output.take(b'connecting {"password":"geheim1"} jdbc:hive2://u:geheim6@h/\n')
    assert list(output.last) == ['connecting {"password":***} jdbc:hive2://u:***@h/']
