"""Brings a catalogue up to date with the source and compiles it: `make messages`. Needs Babel, a package of the tests.

    python -m pneumo_core.locale.update pneumo_core/locale/ko/LC_MESSAGES/pneumo

New messages come in without a translation, messages that are not used any more go. The app reads the compiled file.
"""

import datetime
import io
import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from pneumo_core.language import LANGUAGES
from pneumo_core.locale.extract import messages

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("pneumo_core", "ui")
_HEADER = """# Pneumo's texts in {name}.
msgid ""
msgstr ""
"Language: {code}\\n"
"Plural-Forms: {plural}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def extracted() -> Catalog:
    """All messages of the source, with the files that they stand in."""
    catalogue = Catalog(project="Pneumo", charset="utf-8")
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            with path.open("rb") as file:
                for _, _, text, _ in messages(file, (), (), {}):
                    # No line numbers, which every edit would change: Babel takes None, though its types do not say so.
                    places: list[Any] = [(path.relative_to(ROOT).as_posix(), None)]
                    catalogue.add(text, locations=places)
    return catalogue


def read(path: Path) -> Catalog:
    """Read a catalogue as people edit it (.po)."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain=path.stem)


def compiled(catalogue: Catalog) -> bytes:
    """A catalogue as gettext reads it (.mo)."""
    out = io.BytesIO()
    # When it was compiled is no part of it: the same texts give the same file.
    catalogue.creation_date = catalogue.revision_date = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    write_mo(out, catalogue)
    return out.getvalue()


def main(stem: str) -> None:
    """Update `stem`.po, and compile it into `stem`.mo."""
    path = Path(stem).resolve().with_suffix(".po")
    catalogue, template = read(path), extracted()
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    out = io.BytesIO()
    write_po(out, catalogue, width=120, sort_by_file=True, omit_header=True)
    code = path.parts[-3]
    header = _HEADER.format(name=LANGUAGES[code], code=code, plural=catalogue.plural_forms)
    path.write_text(header + out.getvalue().decode("utf-8"), encoding="utf-8")
    path.with_suffix(".mo").write_bytes(compiled(read(path)))
    missing = [message for message in catalogue if message.id and not message.string]
    print(f"{len(catalogue)} messages, {len(missing)} of them without a translation.")


if __name__ == "__main__":
    main(sys.argv[1])
