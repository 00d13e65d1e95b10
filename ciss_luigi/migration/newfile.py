"""The ``luigi.cfg`` that is made from the old job's variables, as text."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from ciss_luigi.migration.properties import Remark, Variable
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
    refused: list[Remark] = field(default_factory=list)
    """The variables whose value no setting can hold, each with the reason."""
    sources: dict[tuple[str, str], tuple[Variable, ...]] = field(default_factory=dict)
    """The variables from which a key was made, by section and key."""

    def put(self, section: str, key: str, value: str, *variables: Variable | None) -> None:
        """Write a key, unless a value holds something that a line of the file cannot hold."""
        given = tuple(variable for variable in variables if variable is not None)
        wrong = next(((one, why) for one in given if (why := _unfit(one))), None)
        if wrong:
            self.refuse(*wrong)
            return
        if value:
            self.sections.setdefault(section, {})[key] = value
            self.sources[section, key] = given
        for variable in given:
            place = f"[{section}] {key}" if value else "nothing: it is empty"
            self.became[variable.name] = ", ".join(filter(None, (self.became.get(variable.name), place)))

    def refuse(self, variable: Variable, why: str) -> None:
        """List a variable as not understood; what is wrong with it, once."""
        line = Remark(variable.file, variable.line, f"{variable.name} {why}")
        if line not in self.refused:
            self.refused.append(line)

    def is_written(self, section: str, key: str) -> bool:
        """Whether the file gives the key a value, and not as a comment."""
        return key in self.sections.get(section, {}) and (section, key) not in self.remarks

    def active(self, section: str) -> dict[str, str]:
        """The keys of a section that are not comments."""
        given = self.sections.get(section, {})
        return {key: value for key, value in given.items() if self.is_written(section, key)}

    def comment_out(self, section: str, key: str, problem: str, blamed: Variable | None = None) -> None:
        """Write a key as a comment, and list the variable that is to blame, or all of which it was made."""
        self.remarks[section, key] = "not understood: put it right, then remove the # of the next line"
        given = self.sources[section, key]
        for variable in given:
            self.became[variable.name] = f"[{section}] {key}, as a comment"
        first, *rest = (blamed,) if blamed else given
        others = "".join(f", with {one.name}," for one in rest)
        self.refuse(first, f"makes{others} a {key} that is not valid: {problem}")

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


def make(roles: Mapping[str, Variable], to: Path) -> NewFile:
    """Make the file of the variables, which are given by their roles; ``to`` is the folder of the file."""
    made = NewFile()
    _engines(made, roles)
    for role in ("database", "temp_table", "main_table"):
        if role in roles:
            value = roles[role].value
            made.put("ciss", role, _in_database(value, roles) if role != "database" else value, roles[role])
            if not value:
                made.refuse(roles[role], f"is empty, and the job needs its {role.replace('_', ' ')}")
    made.put("ciss", "loader", "sql")
    for role, section, key in _PLAIN:
        if role in roles:
            value = roles[role].value
            made.put(section, key, _addresses(value) if key in _MAIL else value, roles[role])
    _classpath(made, roles)
    _log(made, roles, to)
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


_MAIL = ("mail_to", "mail_cc", "sdp_mail", "sender")
_SEPARATORS = re.compile(r"[\s,;]+")
_SEPARATORS_OF_NAMED = re.compile(r"\s*[,;]\s*")
_PLAIN_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9._-]+")
_ADDRESS = re.compile(
    r"(?:jdbc:(?:hive2|impala)://)?(?P<host>[A-Za-z0-9._-]+)(?::(?P<port>\d+))?/?(?P<database>\w*)"
)


def _in_database(table: str, roles: Mapping[str, Variable]) -> str:
    """A table's name without the database that the job has anyway."""
    database = roles["database"].value if "database" in roles else ""
    return table.removeprefix(f"{database}.") if database else table


def _addresses(text: str) -> str:
    """Mail addresses with commas between them; the old script's mailer also took spaces and semicolons."""
    parts = (_SEPARATORS_OF_NAMED if "<" in text else _SEPARATORS).split(text)
    return ",".join(part for part in parts if part)


def _server(host: Variable, port: Variable | None, default: str, database: str) -> tuple[str, str]:
    """Host and port, also of a JDBC URL that says nothing else than the other variables do."""
    number = port.value if port is not None and port.value else ""
    match = _ADDRESS.fullmatch(host.value)
    if match and match["port"] in (None, number or match["port"]) and match["database"] in ("", database):
        return match["host"], number or match["port"] or default
    return host.value, number or default


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
        user = user if user is not None and user.value else None
        who, how = "", ""
        if user is not None:
            secret = f":{made.secret(password)}" if password is not None else ""
            who, how = f"{quote(user.value, safe='')}{secret}@", f"?{login}" if password is not None else ""
        database = roles["database"].value if "database" in roles else ""
        database = database if _PLAIN_NAME.fullmatch(database) else ""  # its own key says what is wrong
        # Hive comes first in the list above: without it the Impala is the warehouse, and refreshes itself
        at, number_at = _server(host, number, port, database)
        url = f"{scheme}://{who}{at}:{number_at}/{database}{how}"
        alone = "warehouse_url" not in made.sections.get("ciss", {})
        place = "warehouse_url" if alone else key
        used = [one for one in (number, user) if one is not None]
        made.put("ciss", place, url, host, *used)
        if user is not None and password is not None:
            made.became[password.name] = f"[ciss] {place}, as ${{{password.name}}}"
        elif password is not None:
            made.refuse(password, "is a password, but no variable names its user")
        if ("ciss", place) not in made.sources:
            continue
        if not _HOST.fullmatch(at):
            made.comment_out("ciss", place, f"{at!r} is not a host's name", host)
        elif not number_at.isdecimal():
            made.comment_out("ciss", place, f"{number_at!r} is not a port", number)


def _classpath(made: NewFile, roles: Mapping[str, Variable]) -> None:
    found = [roles[role] for role in ("classpath", "jar") if role in roles]
    if found:
        made.put("ciss_java", "classpath", ":".join(one.value for one in found if one.value), *found)


def _log(made: NewFile, roles: Mapping[str, Variable], to: Path) -> None:
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
    if not os.path.isdir(to / folder):
        remark = f"{folder} is not there: make it, then remove the # of the next line"
        made.remarks["ciss_log", "file"] = remark
    made.put("ciss_java", "log_file", log.value, log)
    if rest and log.name in made.became:
        made.became[log.name] += ", without the date: rotate_mb and keep rotate it"


def _unfit(variable: Variable) -> str:
    """What about a value cannot be written in the file; empty if it can."""
    if DATED.search(variable.value):  # first: its NUL characters are not printable
        return "holds a date in the middle"
    if variable.secret:
        return "holds a secret, which must not be in a file"
    if "\n" in variable.value or not variable.value.isprintable():
        return "has several lines, or characters that no file of settings has"
    if "${" in variable.value or variable.value != variable.value.strip():
        return "holds ${ or spaces at an end, which the file would read as something else"
    return ""
