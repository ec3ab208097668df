"""Finds the messages in the source, for Babel (`babel.cfg` names it): run by `make messages` and by a test.

A message is the template of each `Message(...)` and `say(...)`, and in the modules of texts (`texts.py`, `*_texts.py`)
each string of each constant that has a word in it, keys of dictionaries left out.
"""

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import PurePath
from typing import Any, BinaryIO

_CALLS = ("Message", "say")
_WORD = re.compile(r"[^\W\d_]{2}")

Found = tuple[int, str, str | tuple[str, ...], list[str]]  # line, function, text or texts, comments


def messages(
    file: BinaryIO, keywords: Collection[str], comment_tags: Collection[str], options: dict[str, Any]
) -> Iterator[Found]:
    """Find the messages of one Python file, in Babel's form.

    Raises:
        ValueError: if a call's template is put together while the program runs: it could not be translated.
    """
    tree = ast.parse(file.read())
    name = PurePath(getattr(file, "name", "")).name
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) in _CALLS:
            found = [part.value for part in node.args if isinstance(part, ast.Constant)]
            if len(found) != len(node.args) or not found:
                if name == "language.py":  # there messages are made of given ones
                    continue
                raise ValueError(f"{name}, line {node.lineno}: the text must stand there as it is.")
            if len(found) == 2:
                yield node.lineno, "ngettext", (str(found[0]), str(found[1])), []
            else:
                yield node.lineno, "gettext", str(found[0]), []
    if name.endswith("texts.py"):
        for statement in tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value and _is_constant(statement):
                for line, text in _strings(statement.value):
                    yield line, "gettext", text, []


def _is_constant(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = [name for target in targets for name in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return all(isinstance(name, ast.Name) and name.id.isupper() for name in names)


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _strings(node: ast.expr) -> Iterator[tuple[int, str]]:
    """The strings with a word of a constant's value."""
    if isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _WORD.search(node.value):
            yield node.lineno, node.value
    elif isinstance(node, ast.Dict):
        for value in node.values:
            yield from _strings(value)
    elif isinstance(node, ast.List | ast.Tuple):
        for value in node.elts:
            yield from _strings(value)
    elif isinstance(node, ast.BinOp):
        yield from _strings(node.left)
        yield from _strings(node.right)
    elif isinstance(node, ast.DictComp):
        yield from _strings(node.value)
