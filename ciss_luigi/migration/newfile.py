"""The ``luigi.cfg`` that is made from the old job's variables, as text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ciss_luigi.migration.properties import Variable
from ciss_luigi.migration.shelltext import DATED

_HIVE_PORT, _IMPALA_PORT = "10000", "21050"
_DATE_AT_THE_END = re.compile(r"[-_.]*\Z")
Sections = dict[str, dict[str, str]]


@dataclass
class NewFile:
    """The sections with their keys, what each variable became, and the secrets to export."""

    sections: Sections = field(default_factory=dict)
    became: dict[str, str] = field(default_factory=dict)
    """What a variable became, by its name."""
    exports: dict[str, Variable] = field(default_factory=dict)
    """Secrets that the file names as ``${NAME}``."""
    remarks: dict[tuple[str, str], str] = field(default_factory=dict)
    """The keys that are written as comments, by section and key, each with what has to be done first."""
    refused: list[str] = field(default_factory=list)
    """The variables whose value no setting can hold, each with the reason."""

    def put(self, section: str, key: str, value: str, *variables: Variable | None) -> None:
        """Write a key, unless a value holds something that a line of the file cannot hold."""
        given = [variable for variable in variables if variable is not None]
        wrong = next((why for variable in given if (why := _unfit(variable))), "")
        if wrong:
            self.refused.append(wrong)
            return
        if value:
            self.sections.setdefault(section, {})[key] = value
        for variable in given:
            place = f"[{section}] {key}"
            self.became[variable.name] = ", ".join(filter(None, (self.became.get(variable.name), place)))

    def secret(self, variable: Variable) -> str:
        """The ``${NAME}`` by which the file names a secret."""
        self.exports[variable.name] = variable
        return f"${{{variable.name}}}"

    @property
    def text(self) -> str:
        """The text of the file."""
        lines = ["# Written by ciss import-properties. The luigi.cfg of ciss_luigi says what each key means."]
        for section, keys in self.sections.items():
            lines += ["", f"[{section}]"]
            for key, value in keys.items():
                remark = self.remarks.get((section, key))
                lines += [f"# {remark}", f"#{key} = {value}"] if remark else [f"{key} = {value}"]
        return "\n".join(lines) + "\n"


def make(roles: Mapping[str, Variable]) -> NewFile:
    """Make the file of the variables, which are given by their roles."""
    made = NewFile()
    _engines(made, roles)
    for role in ("database", "temp_table", "main_table"):
        if role in roles:
            made.put("ciss", role, roles[role].value, roles[role])
    made.put("ciss", "loader", "sql")
    for role, section, key in _PLAIN:
        if role in roles:
            made.put(section, key, roles[role].value, roles[role])
    _classpath(made, roles)
    _log(made, roles)
    return made


_PLAIN = (
    ("mail_to", "ciss_alerts", "mail_to"),
    ("mail_cc", "ciss_alerts", "mail_cc"),
    ("sdp_mail", "ciss_alerts", "sdp_mail"),
    ("sender", "email", "sender"),
    ("status_file", "ciss_legacy", "status_file"),
    ("temp_class", "ciss_java", "temp_class"),
    ("main_class", "ciss_java", "main_class"),
    ("properties_file", "ciss_java", "properties_file"),
    ("name", "ciss_java", "name"),
)


def _engines(made: NewFile, roles: Mapping[str, Variable]) -> None:
    for kind, scheme, port, key, login in (
        ("hive", "hive", _HIVE_PORT, "warehouse_url", "auth=LDAP"),
        ("impala", "impala", _IMPALA_PORT, "refresh_url", "auth_mechanism=LDAP"),
    ):
        host = roles.get(f"{kind}_host")
        if host is None or not host.value:
            continue
        parts = [roles.get(f"{kind}_{part}") for part in ("port", "user", "password")]
        number, user, password = parts
        who, how = "", ""
        if user is not None:
            secret = f":{made.secret(password)}" if password is not None else ""
            who, how = f"{quote(user.value, safe='')}{secret}@", f"?{login}" if password is not None else ""
        database = roles["database"].value if "database" in roles else ""
        at = f"{host.value}:{number.value if number else port}"
        url = f"{scheme}://{who}{at}/{database}{how}"
        alone = "warehouse_url" not in made.sections.get("ciss", {})
        place = "warehouse_url" if alone else key
        used = [one for one in (number, user) if one is not None]
        made.put("ciss", place, url, host, *used)
        if user is not None and password is not None:
            made.became[password.name] = f"[ciss] {place}, as ${{{password.name}}}"


def _classpath(made: NewFile, roles: Mapping[str, Variable]) -> None:
    found = [roles[role] for role in ("classpath", "jar") if role in roles]
    if found:
        made.put("ciss_java", "classpath", ":".join(one.value for one in found if one.value), *found)


def _log(made: NewFile, roles: Mapping[str, Variable]) -> None:
    """Put the log's path without the date at its end: rotation does what the date did."""
    log = roles.get("log")
    if log is None:
        return
    start, _, rest = log.value.partition("\0")
    if rest.count("\0") == 1 and rest.endswith("\0"):
        start = _DATE_AT_THE_END.sub("", start)
        log = Variable(log.name, start, log.file, log.line, log.secret)
    made.put("ciss_log", "file", log.value, log)
    folder = Path(log.value).parent
    if not os.path.isdir(folder):
        remark = f"{folder} is not there: make it, then remove the # of the next line"
        made.remarks["ciss_log", "file"] = remark
    made.put("ciss_java", "log_file", log.value, log)
    if rest and log.name in made.became:
        made.became[log.name] += ", without the date: rotate_mb and keep rotate it"


def _unfit(variable: Variable) -> str:
    """Why a value cannot be written in the file; empty if it can."""
    if DATED.search(variable.value):
        return f"{variable.name} holds a date in the middle"
    if variable.secret:
        return f"{variable.name} holds a secret, which must not be in a file"
    if "\n" in variable.value or not variable.value.isprintable():
        return f"{variable.name} has several lines, or characters that no file of settings has"
    if "${" in variable.value or variable.value != variable.value.strip():
        return f"{variable.name} holds ${{ or spaces at an end, which the file would read as something else"
    return ""
