"""The old jobs' variables by their endings: what each was for, in the file of any of the jobs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ciss_luigi.migration.properties import Variable


class Rule(NamedTuple):
    """A role, the pattern of the names that have it, and why it needs no setting; empty if it needs one."""

    role: str
    pattern: re.Pattern[str]
    not_needed: str = ""


def _rule(role: str, pattern: str, not_needed: str = "") -> Rule:
    return Rule(role, re.compile(pattern, re.ASCII), not_needed)


RULES = (
    _rule("database", r"dbname"),
    _rule("refresh", r"\w+_refresh", "not needed: the job refreshes what it wrote"),
    _rule("temp_table", r"(?P<job>\w+)_temp_tblname"),
    _rule("main_table", r"(?P<job>\w+)_tblname"),
    _rule("temp_class", r"(?P<job>\w+)_temp_classname"),
    _rule("main_class", r"(?P<job>\w+)_classname"),
    _rule("name", r"Dname_(?P<job>\w+)"),
    _rule("log", r"(?:MNAAS_)?(?P<job>\w+)_LogPath"),
    _rule("status_file", r"(?P<job>\w+)_ProcessStatusFileName"),
    _rule("script", r"\w+_ScriptName", "not needed: luigi is the command"),
    _rule("jar", r"\w+_JarPath"),
    _rule("classpath", r"CLASSPATHVAR"),
    _rule("properties_file", r"MNAAS_Property_filename"),
    _rule("hive_host", r"HIVE_HOST"),
    _rule("hive_port", r"HIVE_JDBC_PORT"),
    _rule("hive_user", r"HIVE_USER(NAME)?"),
    _rule("hive_password", r"HIVE_(PASSWORD|PASS|PASSWD|PWD)"),
    _rule("impala_host", r"IMPALAD_HOST"),
    _rule("impala_port", r"IMPALAD_JDBC_PORT"),
    _rule("impala_user", r"IMPALAD?_USER(NAME)?"),
    _rule("impala_password", r"IMPALAD?_(PASSWORD|PASS|PASSWD|PWD)"),
    _rule("mail_to", r"MailId"),
    _rule("mail_cc", r"ccList"),
    _rule("sdp_mail", r"SDP_ticket_to_email"),
    _rule("sender", r"SDP_ticket_from_email"),
    _rule("trace", r"setparameter", "not needed: log_level tells more"),
)
"""The first that fits a name counts: ``X_temp_tblname`` would be the main table of a job ``X_temp``, too."""


@dataclass(frozen=True)
class Roles:
    """Which variable has which role, for one job."""

    jobs: tuple[str, ...]
    """The jobs that the files are about; one, if all is well."""
    by_role: Mapping[str, Variable]
    several: Mapping[str, tuple[str, ...]]
    """Roles that several variables could have, none of them named after the job."""
    not_needed: Mapping[str, str]
    """The variables that need no setting, by name, with the reason."""


def assign(variables: Mapping[str, Variable]) -> Roles:
    """Find the job and its variables."""
    played = list(_played(variables.values()))
    jobs = _jobs(played)
    known_jobs = set(jobs)
    by_role: dict[str, Variable] = {}
    several: dict[str, tuple[str, ...]] = {}
    for role in dict.fromkeys(rule.role for rule, _, _ in played if not rule.not_needed):
        found = {variable.name: (job, variable) for rule, job, variable in played if rule.role == role}
        mine = [variable for job, variable in found.values() if not job or job in known_jobs]
        chosen = mine if mine or len(found) > 1 else [variable for _, variable in found.values()]
        if len(chosen) == 1:
            by_role[role] = chosen[0]
        else:
            several[role] = tuple(found)
    known = {variable.name for _, _, variable in played}
    reasons = {variable.name: rule.not_needed for rule, _, variable in played if rule.not_needed}
    others = {name: "not needed: there is no setting for it" for name in variables if name not in known}
    return Roles(jobs, by_role, several, reasons | others)


def _played(variables: Iterable[Variable]) -> Iterator[tuple[Rule, str, Variable]]:
    for variable in variables:
        for rule in RULES:
            match = rule.pattern.fullmatch(variable.name)
            if match:
                yield rule, match.groupdict().get("job") or "", variable
                break


def _jobs(played: list[tuple[Rule, str, Variable]]) -> tuple[str, ...]:
    """The jobs: what has a temp table or a class; if nothing has, what has a status file or a main table.

    A main table alone may be a table that the job only reads, unless no main table is the job's own.
    """
    named = [
        tuple(dict.fromkeys(job for rule, job, _ in played if rule.role in roles))
        for roles in (("temp_table", "temp_class", "main_class", "name"), ("status_file",), ("main_table",))
    ]
    own, status, main = named
    if own:
        return own if not main or set(own) & set(main) else (*own, *main)
    return status or main
