"""How an edit is made with the tools that a client offers: each coding agent has its own."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

from tests.support.model_api.talk import Call, Edit, Talk

_FOLDER = re.compile(r"""(?:working directory|in the directory|<cwd>)[:\s`"]*(/[^\s<`"']+)""", re.IGNORECASE)
_SHELLS = ("exec_command", "shell_command", "shell", "bash", "run_shell_command", "Bash")
_DONE = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how mini-swe-agent is told that the work is done


def editing(talk: Talk, edit: Edit) -> list[Call]:
    """The calls that make the edit, in their order; empty when no tool can."""
    path, tools = _absolute(talk, edit.path), talk.tools
    if "Edit" in tools:
        change = {"file_path": path, "old_string": edit.old, "new_string": edit.new}
        return [Call("Read", {"file_path": path}), Call("Edit", change)]
    if "apply_patch" in tools:
        patch = f"*** Begin Patch\n*** Update File: {edit.path}\n@@\n{_lines(edit)}\n*** End Patch"
        key = next(iter(tools["apply_patch"].get("properties", {})), "input")
        return [Call("apply_patch", {key: patch}, patch)]
    for name, reader in (("edit", "read"), ("edit", "read_file"), ("replace", "read_file"), ("edit", "view")):
        if name in tools and reader in tools:
            return [Call(reader, _arguments(talk, reader, edit, path)), Call(name, _arguments(talk, name, edit, path))]
    return [_shell(talk, command) for command in (_python(edit), *_ends(talk))] if _has_shell(talk) else []


def committing(talk: Talk) -> list[Call]:
    """The calls that commit everything; empty when the client has no shell."""
    command = "git -c user.name=Agent -c user.email=agent@example.invalid commit --all --quiet -m mine"
    return [_shell(talk, command)] if _has_shell(talk) else []


def starting(talk: Talk, command: str) -> list[Call]:
    """The call that runs *command*; empty when the client has no shell."""
    return [_shell(talk, command)] if _has_shell(talk) else []


def looking(talk: Talk, path: str) -> tuple[Call, ...]:
    """A call that changes nothing."""
    if _has_shell(talk):
        return (_shell(talk, f"ls {path}"),)
    reader = next((name for name in ("Read", "read", "read_file", "view") if name in talk.tools), None)
    return (Call(reader, _arguments(talk, reader, Edit(path, "", ""), _absolute(talk, path))),) if reader else ()


def _absolute(talk: Talk, path: str) -> str:
    folder = _FOLDER.search(talk.text)
    return str(PurePosixPath(folder[1].strip().rstrip("."), path)) if folder else path


def _lines(edit: Edit) -> str:
    return "\n".join([*(f"-{line}" for line in edit.old.split("\n")), *(f"+{line}" for line in edit.new.split("\n"))])


def _arguments(talk: Talk, tool: str, edit: Edit, path: str) -> dict[str, object]:
    """Values for those of the tool's parameters whose names are known."""
    known = {
        "file_path": path, "filePath": path, "absolute_path": path, "path": path,
        "old_string": edit.old, "oldString": edit.old, "old_str": edit.old,
        "new_string": edit.new, "newString": edit.new, "new_str": edit.new,
        "instruction": "mend the error",
    }  # fmt: skip
    return {name: known[name] for name in talk.tools[tool].get("properties", {}) if name in known}


def _has_shell(talk: Talk) -> bool:
    return any(name in talk.tools for name in _SHELLS)


def _shell(talk: Talk, command: str) -> Call:
    tool = next(name for name in _SHELLS if name in talk.tools)
    parameters = talk.tools[tool].get("properties", {})
    key = "cmd" if "cmd" in parameters else "command"
    many = parameters.get(key, {}).get("type") == "array"
    more = {"description": "work"} if "description" in parameters else {}
    return Call(tool, {key: ["bash", "-c", command] if many else command, **more})


def _python(edit: Edit) -> str:
    change = f"replace({edit.old!r}, {edit.new!r})"
    code = f"import pathlib; p = pathlib.Path({edit.path!r}); p.write_text(p.read_text().{change})"
    return f"python3 -c {shlex.quote(code)}"


def _ends(talk: Talk) -> list[str]:
    return [_DONE] if _DONE.removeprefix("echo ") in talk.text else []
