"""Imports point one way, as the design draws it; what is heavy is loaded only when it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import agent

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "codesets", "evals")

LAYERS = (
    ("agent.records", "agent.errors", "agent.tables"),
    (
        "agent.config",
        "agent.claim",
        "agent.fold",
        "agent.align",
        "agent.text",
        "agent.guard",
        "agent.words",
        "agent.assertion",
    ),
    ("agent.intake", "codesets"),
    ("agent.notes", "agent.codebook", "agent.prompts", "agent.llm"),
    (
        "agent.propose",
        "agent.ground",
        "agent.lookup",
        "agent.critique",
        "agent.settle",
        "agent.linkage",
        "agent.lexical",
        "agent.rules",
    ),
    ("agent.engine",),
    ("agent.pipeline",),
    ("agent.api",),
    ("agent.dry", "agent.promptcheck", "agent.batch", "agent.report"),
    ("agent.commands", "agent.cli", "agent.__main__"),
    ("evals",),
)
"""Modules and packages from the ground up: each may import what stands below it and beside it."""

STEPS = ("agent.propose", "agent.ground", "agent.lookup", "agent.critique", "agent.settle", "agent.linkage")
FACADE = "agent"
"""`agent/__init__.py` only names what it loads when it is asked."""

OWNERS = {
    "openai": ("agent.llm",),
    "instructor": ("agent.llm",),
    "tenacity": ("agent.llm",),
    "duckdb": ("agent.codebook", "codesets", "evals.bench_codebook", "evals.loaders"),
    "ray": ("agent.batch",),
    "rapidfuzz": ("agent.align", "agent.guard", "agent.ground", "codesets.ranking"),
    "vcr": ("evals",),
}
"""Who may import what is heavy or from outside."""


class Import(NamedTuple):
    """An import statement: who imports what, and whether it is run when the importer is loaded."""

    importer: str
    imported: str
    at_load: bool
    line: int


def modules() -> dict[str, Path]:
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports_of(name: str, tree: ast.AST, *, at_load: bool = True) -> Iterator[Import]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, alias.name, at_load, node.lineno)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield Import(name, whole if whole in MODULES else str(node.module), at_load, node.lineno)
        else:
            later = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            typing = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
            yield from imports_of(name, node, at_load=at_load and not later and not typing)


ALL = [
    one
    for name, path in MODULES.items()
    for one in imports_of(name, ast.parse(path.read_text(encoding="utf-8"), str(path)))
]
INSIDE = [one for one in ALL if one.imported.split(".")[0] in PACKAGES and one.importer != FACADE]


def is_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def layer(module: str) -> int:
    for number, names in enumerate(LAYERS):
        if is_in(module, names):
            return number
    raise AssertionError(f"{module} stands in no layer; add it to LAYERS where the design puts it")


def show(imports: list[Import]) -> str:
    return "\n".join(f"{one.importer}:{one.line} imports {one.imported}" for one in imports)


def test_every_module_stands_in_a_layer() -> None:
    for module in MODULES:
        if module != FACADE:
            assert layer(module) >= 0
    assert len(ALL) > 100


def test_imports_point_one_way() -> None:
    wrong = [one for one in INSIDE if layer(one.imported) > layer(one.importer)]
    assert not wrong, show(wrong)


def test_the_project_does_not_import_its_facade() -> None:
    wrong = [one for one in ALL if one.imported == FACADE and not one.importer.startswith("evals")]
    assert not wrong, show(wrong)


def test_nothing_imports_evals_or_tests() -> None:
    wrong = [one for one in ALL if is_in(one.imported, ("evals",)) and not is_in(one.importer, ("evals",))]
    wrong += [one for one in ALL if is_in(one.imported, ("tests", "pytest", "hypothesis"))]
    assert not wrong, show(wrong)


def test_steps_do_not_know_each_other() -> None:
    wrong = [one for one in INSIDE if one.importer in STEPS and one.imported in STEPS and one.importer != one.imported]
    assert not wrong, show(wrong)


def test_only_the_order_and_the_calls_know_the_pipeline() -> None:
    users = {one.importer for one in INSIDE if one.imported == "agent.pipeline"}
    assert all(is_in(user, ("agent.api", "agent.batch", "evals")) for user in users), users


def test_the_code_table_is_read_by_the_codebook_alone() -> None:
    """Commands may build and add to the table; a query goes through `CodeBook`."""
    users = [one for one in INSIDE if is_in(one.imported, ("codesets",)) and is_in(one.importer, ("agent",))]
    wrong = [one for one in users if not is_in(one.importer, ("agent.codebook", "agent.commands"))]
    assert not wrong, show(wrong)
    at_load = [one for one in users if one.at_load]
    assert not at_load, show(at_load)


@pytest.mark.parametrize("heavy", OWNERS)
def test_what_is_heavy_has_one_owner(heavy: str) -> None:
    users = [one for one in ALL if one.imported.split(".")[0] == heavy]
    wrong = [one for one in users if not is_in(one.importer, OWNERS[heavy])]
    assert not wrong, show(wrong)


@pytest.mark.parametrize("heavy", ["openai", "instructor", "duckdb", "ray"])
def test_what_is_heavy_is_loaded_when_it_is_used(heavy: str) -> None:
    wrong = [one for one in ALL if one.imported.split(".")[0] == heavy and one.at_load and one.importer in MODULES]
    assert not wrong, show(wrong)


def test_no_module_needs_itself() -> None:
    needs: dict[str, set[str]] = {name: set() for name in MODULES}
    for one in INSIDE:
        if one.at_load and one.imported in needs and one.imported != one.importer:
            needs[one.importer].add(one.imported)
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " -> ".join((*way, module))
        if module not in done:
            for other in sorted(needs[module]):
                visit(other, (*way, module))
            done.add(module)

    for module in needs:
        visit(module, ())


def test_the_walk_sees_what_it_should() -> None:
    text = "import a.b\nif TYPE_CHECKING:\n    import c\ndef f():\n    from agent.records import Code\n"
    text += "    from agent import text\n"
    found = [(one.imported, one.at_load) for one in imports_of("x", ast.parse(text))]
    assert found == [("a.b", True), ("c", False), ("agent.records", False), ("agent.text", False)]


def run(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
    ).stdout.strip()


def test_import_agent_loads_nothing_heavy() -> None:
    heavy = "{'openai', 'instructor', 'tenacity', 'duckdb', 'rapidfuzz', 'pydantic', 'codesets', 'evals', 'ray'}"
    assert run(f"import sys, agent; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_the_embedded_engine_needs_no_client_of_a_model() -> None:
    heavy = "{'openai', 'instructor', 'tenacity', 'ray', 'vcr'}"
    assert run(f"import sys, agent.api, agent.lexical; print(sorted({heavy} & set(sys.modules)))") == "[]"


def test_the_public_names_are_those_that_have_a_home() -> None:
    assert sorted(agent.__all__) == sorted(agent._HOMES)
    assert agent.__all__ == sorted(agent.__all__, key=lambda name: (name.islower(), name))


@pytest.mark.parametrize("name", agent.__all__)
def test_every_public_name_can_be_loaded(name: str) -> None:
    value = getattr(agent, name)
    assert value.__module__.startswith(agent._HOMES[name])
    assert value.__doc__, f"{name} says nothing of itself"


def test_a_name_that_is_none_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = agent.nonesuch
