"""A small edition in the published form, written to a folder: builds in a tenth of a second."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

from codesets.editions import Edition

TABULAR = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <version>2026</version>
  <chapter>
    <name>1</name>
    <desc>Diseases of the sample (X00-X19)</desc>
    <excludes2><note>what other chapters hold (Y00-Y99)</note></excludes2>
    <sectionIndex><sectionRef first="X00" last="X09" id="X00-X09">Samples</sectionRef></sectionIndex>
    <section id="X00-X09"><desc>Samples, all of them (X00-X09)</desc></section>
    <section id="X00-X04">
      <desc>Early samples (X00-X04)</desc>
      <codeFirst><note>any cause</note></codeFirst>
      <diag>
        <name>X00</name>
        <desc>Sampling fever</desc>
        <inclusionTerm><note>Fever of the sampled</note></inclusionTerm>
        <excludes1><note>sampling rash (X01.-)</note></excludes1>
        <diag><name>X00.0</name><desc>Sampling  fever with
          chills</desc><inclusionTerm><note>Shivers of sampling</note></inclusionTerm></diag>
        <diag><name>X00.9</name><desc>Sampling fever, unspecified</desc></diag>
      </diag>
      <diag>
        <name>X01</name>
        <desc>Sampling wound</desc>
        <sevenChrNote><note>The appropriate 7th character is to be added</note></sevenChrNote>
        <sevenChrDef>
          <extension char="A">initial encounter</extension>
          <extension char="D">subsequent encounter</extension>
        </sevenChrDef>
        <diag><name>X01.0</name><desc>Sampling wound of hand</desc></diag>
        <diag>
          <name>X01.1</name>
          <desc>Sampling wound of foot</desc>
          <sevenChrDef><extension char="A">initial encounter for closed wound</extension></sevenChrDef>
        </diag>
      </diag>
    </section>
    <section id="X1A">
      <desc>Late samples (X1A)</desc>
      <diag><name>X1A</name><desc>Late sampling</desc></diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""

CODE_LIST = "".join(
    f"{name}\r\n" for name in "1 X00-X09 X00-X04 X00 X000 X009 X01 X010 X010XXA X010XXD X011 X011XXA X1A X1A".split()
)

COUNTS = {"chapters": 1, "blocks": 3, "codes in the tabular list": 7, "billable codes": 6}


def edition(folder: Path, *, name: str = "Sample", tabular: str = TABULAR) -> Edition:
    """The sample edition, with its files in a package below `folder`, which must be on the path for imports."""
    data = folder / "small_sample_package" / "data"
    data.mkdir(parents=True, exist_ok=True)
    (data.parent / "__init__.py").touch()
    files = {"tabular.xml": tabular.encode(), "codes.txt": CODE_LIST.encode()}
    for file, content in files.items():
        (data / file).write_bytes(content)
    return Edition(
        system="ICD-10-CM",
        name=name,
        effective=(date(2026, 4, 1), date(2026, 9, 30)),
        package="small_sample_package",
        requirement="small-sample-package==1",
        tabular="tabular.xml",
        code_list="codes.txt",
        sha256={file: hashlib.sha256(content).hexdigest() for file, content in files.items()},
        counts=COUNTS,
    )
