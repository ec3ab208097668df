"""The catalogues against the source: nothing missing, nothing left over, and the same parameters in each language."""

import ast
import io
import string
from pathlib import Path

import pytest

from pneumo_core import language

update = pytest.importorskip("pneumo_core.locale.update", reason="Babel reads the catalogues")

ROOT = Path(__file__).parents[1]
CATALOGUES = [
    language.LOCALE / code / "LC_MESSAGES" / f"{language.DOMAIN}.po"
    for code in language.LANGUAGES
    if code != language.SOURCE
]
TEXTS = [path for room in update.ROOMS for path in (ROOT / room).rglob("*.py") if path.name.endswith("texts.py")]


@pytest.fixture(scope="module", params=CATALOGUES, ids=lambda path: path.parts[-3])
def catalogue(request):
    return update.read(request.param)


@pytest.fixture(scope="module")
def source():
    return update.extracted()


def parameters(text: str) -> set[tuple[str | None, str | None, str | None]]:
    return {part[1:] for part in string.Formatter().parse(text) if part[1] is not None}


def test_every_message_of_the_source_is_translated(catalogue, source) -> None:
    known = {message.id: message for message in catalogue if message.id}
    missing = {message.id for message in source if message.id} - set(known)
    assert not missing, "Run `make messages` and translate what is new."
    for message in known.values():
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(forms), f"without a translation: {message.id}"
        assert not message.fuzzy, message.id


def test_no_message_is_left_over(catalogue, source) -> None:
    unused = {message.id for message in catalogue if message.id} - {message.id for message in source if message.id}
    assert not unused, "Run `make messages`."
    assert not catalogue.obsolete


def test_translations_have_the_parameters_of_the_source(catalogue) -> None:
    for message in catalogue:
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        forms = message.string if isinstance(message.string, tuple) else (message.string,)
        for form in forms:
            assert parameters(form) == parameters(ids[-1]), message.id
            assert form == form.strip(), message.id
            assert form.count("**") == ids[-1].count("**"), message.id
            assert form.count("`") == ids[-1].count("`"), message.id


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalogue_is_that_of_the_texts(path: Path) -> None:
    assert path.with_suffix(".mo").read_bytes() == update.compiled(update.read(path)), "Run `make messages`."


def test_a_text_that_is_put_together_is_found_out() -> None:
    file = io.BytesIO(b"from x import Message\nname = 'a'\nMessage(f'The {name}')\n")
    with pytest.raises(ValueError, match="line 3"):
        list(update.messages(file, (), (), {}))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_each_module_of_texts_speaks(path: Path) -> None:
    assert any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "speaks"
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_constants_of_texts_are_asked_for_by_their_module() -> None:
    """`from texts import NAME` would bind the language of the first reader; modules of texts may hand names on."""
    for room in update.ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("texts") and path not in TEXTS:
                    assert not [name.name for name in node.names if name.name.isupper()], path


def test_no_page_shows_a_text_of_its_own() -> None:
    """What Streamlit's elements show comes from the modules of texts."""
    shows = {"markdown", "caption", "header", "subheader", "button", "toggle", "selectbox", "radio", "error", "warning"}
    shows |= {"info", "success", "text_input", "text_area", "number_input", "expander", "metric", "download_button"}
    for path in (ROOT / "ui").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {f"st.{name}" for name in shows}:
                assert not isinstance(node.args[0], ast.Constant), f"{path}, line {node.lineno}"
