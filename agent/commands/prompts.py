"""`chartproof prompts`: check the prompts before they cost anything, and see what an edit changed."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

from agent.commands.console import Output
from agent.errors import InputError, PromptError

PROBLEMS = 1


def check(options: argparse.Namespace) -> int:
    """Look every prompt over; 0, or 1 where something is wrong with one."""
    from agent.promptcheck import USES, check_prompt
    from agent.prompts import load

    unknown = _unknown(options.prompts)
    wrong = len(unknown)
    with Output() as out:
        for name in USES:
            try:
                checked = check_prompt(load(name, options.prompts))
            except PromptError as error:
                wrong += 1
                out.write(f"{name}: {error}\n")
                continue
            wrong += len(checked.problems)
            examples = f", {checked.examples} examples" if checked.examples else ""
            schema = f" + {checked.schema_tokens} of its schema" if checked.schema_tokens else ""
            mark = f"  {checked.fingerprint[:12]}" if checked.fingerprint else ""
            out.write(f"{name:18} {checked.tokens:5} tokens{schema}{examples}{mark}\n")
            out.write("".join(f"  {problem}\n" for problem in checked.problems))
        for path in unknown:
            out.write(f"{path.name}: no prompt has this name, so that it is never sent; there are {', '.join(USES)}\n")
        out.write(f"{'nothing is wrong' if not wrong else f'{wrong} problems'}; tokens are estimated\n")
    return PROBLEMS if wrong else 0


def _unknown(folder: Path | None) -> list[Path]:
    """The Markdown files of a folder that are read as no prompt: a misspelt one would change nothing, and not say so.

    Raises:
        InputError: there is no such folder.
    """
    from agent.promptcheck import USES

    if folder is None:
        return []
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name one with prompts in it, such as {next(iter(USES))}.md")
    return sorted(path for path in folder.glob("*.md") if path.stem not in USES and path.stem.lower() != "readme")


def diff(options: argparse.Namespace) -> int:
    """Print what differs between a revision of git, or the package's prompts, and the prompts now."""
    from agent.promptcheck import USES, diff_prompts
    from agent.prompts import load

    changed = 0
    with Output() as out:
        for name in USES:
            before = load(name).text if options.prompts else _committed(name, options.revision)
            for line in diff_prompts(name, before, load(name, options.prompts).text):
                changed = 1
                out.write(line + "\n")
        if not changed:
            out.write("no prompt differs\n")
    return 0


def _committed(name: str, revision: str) -> str:
    """The text of a prompt at a revision; empty where it has none."""
    root = Path(__file__).parents[2]
    asked = ["git", "-C", str(root), "show", f"{revision}:prompts/{name}.md"]
    try:
        shown = subprocess.run(asked, capture_output=True, check=False)
    except OSError as error:
        raise InputError(f"git can't be run ({error.strerror}); give --prompts DIR to compare two folders") from error
    if shown.returncode and b"exists on disk, but not in" not in shown.stderr and b"does not exist" not in shown.stderr:
        said = shown.stderr.decode(errors="replace").strip()
        raise InputError(f"git has no {revision}: {said}; name a commit or branch")
    return shown.stdout.decode("utf-8").replace("\r\n", "\n")
