"""Index files in the forms that the CDC publishes, a few entries each, written for these tests."""

from __future__ import annotations

INDEX_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <title>ICD-10-CM INDEX TO DISEASES and INJURIES</title>
  <letter>
    <title>D</title>
    <mainTerm>
      <title>Diabetes, diabetic<nemod>(mellitus) (sugar)</nemod></title>
      <code>E11.9</code>
      <term level="1">
        <title>with</title>
        <term level="2"><title>nephropathy</title><code>E11.21</code></term>
        <term level="2"><title>blood sugar, high</title><see>Hyperglycemia, diabetic</see></term>
      </term>
      <term level="1"><title>brittle</title><see>Diabetes, with, nephropathies</see></term>
      <term level="1"><title>by type</title><see>condition</see></term>
      <term level="1"><title>twofold</title><see>Twin</see></term>
    </mainTerm>
    <mainTerm><title>Sugar sickness</title><seeAlso>Diabetes</seeAlso></mainTerm>
    <mainTerm><title>Loop</title><see>Loop</see></mainTerm>
    <mainTerm><title>Twin</title><code>O30.00-</code></mainTerm>
    <mainTerm><title>Twin</title><code>Z37.2</code></mainTerm>
    <mainTerm><title>Wound, open, duct</title><code>S01.00X-</code></mainTerm>
    <mainTerm><title>duct or passage</title><code>T81.4XX-</code></mainTerm>
    <mainTerm><title>Pair</title><code>E08.36 [H42]</code></mainTerm>
  </letter>
</ICD10CM.index>
"""

INDEX_CSV = """\ufeffRowID,Letter,Level,Term,See,SeeAlso,NonEssModif,Code\r
1,D,0,"Diabetes, diabetic",,,(mellitus) (sugar),E11.9\r
2,D,1,with,,,,\r
3,D,2,nephropathy,,,,E11.21\r
4,D,1,brittle,"Diabetes, with, nephropathy",,,\r
5,S,0,Sugar sickness,,Diabetes,,\r
"""

NEOPLASM_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <indexHeading>
    <head col="1">Neoplasm</head><head col="2">Malignant Primary</head><head col="3">Malignant Secondary</head>
    <head col="4">Ca in situ</head><head col="5">Benign</head><head col="6">Uncertain Behavior</head>
    <head col="7">Unspecified Behavior</head>
  </indexHeading>
  <letter>
    <title>N</title>
    <mainTerm>
      <title>Neoplasm, neoplastic</title>
      <cell col="2">C80.1</cell>
      <term level="1">
        <title>thumbnail<nemod>(bed)</nemod></title>
        <cell col="2">C44.6-</cell><cell col="3">C79.2</cell><cell col="4">-</cell>
        <cell col="5">D23.6-</cell><cell col="6">D48.5</cell><cell col="7">D49.2</cell>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""

DRUG_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <indexHeading><head col="1">Substance</head><head col="2">Poisoning Accidental (unintentional)</head></indexHeading>
  <letter>
    <title>W</title>
    <mainTerm>
      <title>Wonderdrug<nemod>(oral)</nemod></title>
      <cell col="2">T39.1X1</cell><cell col="3">T39.1X2</cell><cell col="4">T39.1X3</cell>
      <cell col="5">T39.1X4</cell><cell col="6">T39.1X5</cell><cell col="7">--</cell>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""

EINDEX_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>2026</version>
  <title>ICD-10-CM EXTERNAL CAUSE of INJURIES INDEX</title>
  <letter>
    <title>S</title>
    <mainTerm>
      <title>Struck<nemod>(accidentally)</nemod> by</title>
      <term level="1"><title>snowglobe</title><code>W20.8</code></term>
      <term level="1"><title>thunderbolt</title><subcat>T75.0</subcat></term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""
