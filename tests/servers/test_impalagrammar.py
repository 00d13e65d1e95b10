"""What Impala's parser takes and refuses, as its own grammar was seen to."""

from __future__ import annotations

import pytest

from tests.servers.impalagrammar import refusal
from tests.servers.impalasql import kind, read
from tests.servers.impalatranslate import translate

TAKEN = [
    "REFRESH db.t PARTITION (month_year='2016-11')",
    "REFRESH db.t",
    "INVALIDATE METADATA",
    "INVALIDATE METADATA db.t;",
    "TRUNCATE IF EXISTS db.t",
    "ALTER TABLE t DROP IF EXISTS PARTITION (run_date < '2016-11-15') PURGE",
    "ALTER TABLE t ADD IF NOT EXISTS PARTITION (p='x')",
    "INSERT OVERWRITE t PARTITION (month_year='2016-11') SELECT a FROM s",
    "INSERT OVERWRITE TABLE t (a, b) PARTITION (p='1') SELECT 1, 2",
    "WITH q AS (SELECT 1 a) INSERT OVERWRITE t PARTITION (p='1') SELECT a FROM q",
    "INSERT INTO t PARTITION (p='1') WITH q AS (SELECT 1 a) SELECT a FROM q",
    "INSERT OVERWRITE t PARTITION (p='1') /* +SHUFFLE */ SELECT a FROM s",
    "-- it's; a comment\n/* step=build */ SELECT 'a;b', 'it\\'s', \"x\" FROM t;;",
    "CREATE TABLE IF NOT EXISTS t (a STRING COMMENT 'x', d DECIMAL(18,4)) PARTITIONED BY (p STRING) "
    "COMMENT 'y' STORED AS PARQUET LOCATION '/x' TBLPROPERTIES ('a'='b')",
    "SELECT CAST(CASE WHEN a > 0 THEN 1 END AS TIMESTAMP) FROM (SELECT 1 a) x WHERE (a) IN (1)",
    "SELECT a FROM t WHERE a IN (SELECT b FROM u) AND EXISTS (SELECT 1 FROM v) UNION ALL SELECT 2",
    "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b) rn FROM t LEFT JOIN (SELECT 1 c) AS u ON a <=> c",
    "SELECT a % (b) FROM t",
    "SET",
    "SET ALL",
    "SET MEM_LIMIT=2g",
    "SET REQUEST_POOL='root.ciss'",
    "SET NUM_NODES = 1;",
]

REFUSED = [
    ("REFRESH TABLE t", "TABLE"),
    ("REFRESH t PARTITION (p='1'), PARTITION (p='2')", ","),
    ("REFRESH t PARTITION (p='1') PARTITION (p='2')", "PARTITION"),
    ("INVALIDATE METADATA TABLE t", "TABLE"),
    ("TRUNCATE TABLE t PARTITION (p='1')", "PARTITION"),
    ("ALTER TABLE t DROP PARTITION (p='1'), PARTITION (p='2')", ","),
    ("INSERT OVERWRITE TABLE t PARTITION (p='1') IF NOT EXISTS SELECT 1", "IF"),
    ("INSERT OVERWRITE TABLE t PARTITION (p='1') (a, b) SELECT 1, 2", "("),
    ("INSERT OVERWRITE /* +SHUFFLE */ TABLE t SELECT 1", "<hint>"),
    ("/*+ note */ SELECT 1", "<hint>"),
    ("-- + note\nSELECT 1", "<hint>"),
    ("FROM s INSERT INTO t SELECT a", "FROM"),
    ("SELECT 1; SELECT 2", "SELECT"),
    ("SELECT 'it''s'", "STRING LITERAL"),
    ("SELECT ? FROM t", "?"),
    ("SELECT :a FROM t", ":"),
    ("SELECT %(a)s FROM t", "%"),
    ("SELECT a::INT FROM t", ":"),
    ("CREATE TABLE t (a INT) COMMENT 'x' PARTITIONED BY (p STRING)", "PARTITIONED"),
    ("CREATE TABLE t (a INT) STORED AS PARQUET PARTITIONED BY (p STRING)", "PARTITIONED"),
    ("CREATE TABLE t (a NUMERIC)", "NUMERIC"),
    ("CREATE TEMPORARY TABLE t (a INT)", "TEMPORARY"),
    ("CREATE OR REPLACE VIEW v AS SELECT 1", "OR"),
    ("SELECT CAST(a AS TEXT) FROM t", "TEXT"),
    ("SELECT TRY_CAST(a AS INT) FROM t", "AS"),
    ("SELECT a AS date FROM t", "DATE"),
    ("SELECT a FROM (SELECT 1 a) WHERE a = 1", "WHERE"),
    ("SELECT a FROM (SELECT 1 a)", "EOF"),
    ("SELECT a FROM t WHERE (a, b) IN (SELECT 1, 2)", "IN"),
    ("SELECT SUM(a) FILTER (WHERE b) FROM t", "("),
    ("SELECT a FROM t LIMIT 10, 5", ","),
    ("SELECT a FROM t WHERE a == 1", "="),
    ("SELECT a FROM t WHERE a LIKE 'x' ESCAPE '!'", "ESCAPE"),
    ("SELECT a FROM t EXCEPT SELECT 1", "EXCEPT"),
    ("SELECT DATE '2016-11-22'", "DATE"),
    ("MSCK REPAIR TABLE t", "MSCK"),
    ("ANALYZE TABLE t COMPUTE STATISTICS", "ANALYZE"),
    ("DESC t", "DESC"),
    ("SHOW PARTITIONS t PARTITION (p='1')", "PARTITION"),
    ("DESCRIBE FORMATTED t PARTITION (p='1')", "PARTITION"),
    ("SET hive.x.y=1", "."),
    ("SET REQUEST_POOL=root.ciss", "."),
    ("UNSET X", "UNSET"),
]

KINDS = [
    ("/* a */ SELECT 1", "select"),
    ("WITH q AS (SELECT 1) INSERT INTO t SELECT * FROM q", "insert"),
    ("WITH q AS (SELECT 1) SELECT * FROM q", "select"),
    ("invalidate METADATA db.t", "invalidate metadata"),
    ("COMPUTE INCREMENTAL STATS t PARTITION (p='1')", "compute stats"),
    ("DROP STATS t", "drop stats"),
    ("DROP TABLE t", "drop"),
    ("SHOW PARTITIONS t", "show partitions"),
    ("", ""),
]

TRANSLATED = [
    ("INSERT OVERWRITE t PARTITION (p='1') SELECT 1;", "INSERT OVERWRITE TABLE t PARTITION (p='1') SELECT 1"),
    ("INSERT INTO t (a) PARTITION (p='1') SELECT 1", "INSERT INTO t PARTITION (p='1') (a)  SELECT 1"),
    (
        "/* x */ INSERT INTO t PARTITION (p='1') WITH q AS (SELECT 1 a) SELECT a FROM q",
        "/* x */ WITH q AS (SELECT 1 a) INSERT INTO t PARTITION (p='1') SELECT a FROM q",
    ),
    ("INSERT INTO t [SHUFFLE] SELECT BTRIM('btrim(x)')", "INSERT INTO t   SELECT TRIM('btrim(x)')"),
    ("TRUNCATE db.t", "TRUNCATE TABLE db.t"),
    ("ALTER TABLE db.t RECOVER PARTITIONS", "MSCK REPAIR TABLE db.t"),
    (
        "CREATE TABLE t (a INT COMMENT 'a') PARTITIONED BY (p STRING COMMENT 'p') COMMENT 'x' STORED AS ORC",
        "CREATE TABLE t (a INT COMMENT 'a') COMMENT 'x' PARTITIONED BY (p STRING COMMENT 'p')  STORED AS ORC",
    ),
    ("SHOW TABLES IN db LIKE 'a*'", "SHOW TABLES IN db LIKE 'a%'"),
    ("SELECT ';' FROM t -- end;", "SELECT ';' FROM t -- end;"),
]


@pytest.mark.parametrize("text", TAKEN)
def test_taken(text: str) -> None:
    assert refusal(text, (2, 12)) == ""


@pytest.mark.parametrize(("text", "encountered"), REFUSED)
def test_refused(text: str, encountered: str) -> None:
    error = refusal(text, (2, 12))
    assert error.startswith("ParseException: Syntax error in line ")
    assert f"\nEncountered: {encountered}\n" in error


def test_the_error_points_at_the_place() -> None:
    expected = "ParseException: Syntax error in line 2:\nFROM (SELECT 1 a) WHERE a\n                  ^\n"
    assert refusal("SELECT a\nFROM (SELECT 1 a) WHERE a", (4, 5)).startswith(expected)


def test_newer_versions_take_more() -> None:
    assert refusal("SELECT a FROM t EXCEPT SELECT DATE '2016-11-22'", (4, 0)) == ""


@pytest.mark.parametrize(("text", "expected"), KINDS)
def test_kind(text: str, expected: str) -> None:
    assert kind(read(text)) == expected


@pytest.mark.parametrize(("text", "expected"), TRANSLATED)
def test_translated_for_hive(text: str, expected: str) -> None:
    assert translate(text, "hive") == expected
