"""The file into which a verb writes its answer: looked at before the answer is made, written whole."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ciss_luigi.errors import Refused
from ciss_luigi.site import Site
from ciss_luigi.state.files import FOLDERS, write_whole


@dataclass(frozen=True)
class AnswerFile:
    """A file that may be made or replaced; ``option`` is how the command line names it."""

    path: Path
    option: str

    @classmethod
    def of(cls, named: Path, option: str, site: Site) -> AnswerFile:
        """The file that was named, links followed.

        Raises Refused for what must not be replaced: a device, a pipe, a file of the site's own; and where
        nothing can be written.
        """
        found = cls(Path(os.path.realpath(named)), option)
        why = _refusal(found.path, site)
        if why:
            raise found._refused(why, "nothing was asked and nothing was written")
        return found

    def write(self, text: str) -> None:
        """Write the answer; raises Refused if that is not possible, and leaves what was there then."""
        try:  # again, as the disk may be full by now: the answer may have taken an hour
            write_whole(self.path, text)
        except OSError as error:
            why = f"cannot be written: {error.strerror}"
            raise self._refused(why, "the answer was made; nothing was changed") from None

    def _refused(self, why: str, state: str) -> Refused:
        again = f"the same command with another {self.option} FILE"
        return Refused(f"{self.path} {why}", state=state, next_command=again)


def _refusal(path: Path, site: Site) -> str:
    """Why a file must not be written; "" if it may."""
    if os.path.lexists(path) and not path.is_file():
        return "is not a plain file"
    if not path.parent.is_dir():
        return f"cannot be written: there is no folder {path.parent}"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"cannot be written: the folder {path.parent} is not yours to write"
    return "belongs to this site and must not be replaced" if _is_the_sites(path, site) else ""


def _is_the_sites(path: Path, site: Site) -> bool:
    """Whether the site keeps the file. What lies in ``state_dir`` beside its folders is the user's own."""
    settings = site.settings
    folders = [settings.state_dir / name for name in FOLDERS] + [settings.sql_dir]
    inside = any(Path(os.path.realpath(folder)) in path.parents for folder in folders if folder)
    return inside or path in [Path(os.path.realpath(one)) for one in _files(site)]


def _files(site: Site) -> Iterator[Path]:
    """The files that the configuration names."""
    settings = site.settings
    yield site.config_path
    if settings.warehouse.kind.embedded:
        yield Path(settings.warehouse.place)
        yield Path(f"{settings.warehouse.place}.wal")
    for section in settings.others.values():
        yield from (value for value in vars(section).values() if isinstance(value, Path))
