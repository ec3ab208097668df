"""The language in which texts are shown: English as written in the source, or Korean from a gettext catalogue.

A text is made long before anybody reads it, and often in a thread that no reader belongs to: a film's findings, an
error of reading. So texts are made in English, as `Message`s that remember what they were made of, and are said in the
reader's language only when they are shown, by `shown`. A reader who changes the language sees old findings change.

The pages' constants need no call: `speaks` lets a module of texts give each of its constants in the language of
whoever asks for it.

The catalogues lie in `pneumo_core/locale`; `make messages` brings them up to date.
"""

import functools
import gettext
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

SOURCE = "en"
LANGUAGES = {SOURCE: "English", "ko": "한국어"}  # by its code, each in its own words
DOMAIN = "pneumo"
LOCALE = Path(__file__).parent / "locale"

_given: ContextVar[str | None] = ContextVar("language", default=None)
_reader: list[Callable[[], str]] = [lambda: SOURCE]  # the last one tells the language where none is given


class Message(str):
    """A text in one language that can be said in another.

    As a string it is like any other; where it was made with `Message(...)` it is English.

    Attributes:
        template: the English text with the names of its parameters in braces.
        parameters: what stands for them; those that are messages are said in the same language.
        plural: the English template for other numbers than 1 of the parameter `count`, None where there is only one.
    """

    template: str
    parameters: dict[str, Any]
    plural: str | None

    def __new__(cls, template: str, plural: str | None = None, /, **parameters: Any) -> "Message":
        """Make an English text. Without parameters braces stand for themselves."""
        return cls._say(SOURCE, template, plural, parameters)

    @classmethod
    def _say(cls, language: str, template: str, plural: str | None, parameters: dict[str, Any]) -> "Message":
        catalogue = _catalogue(language)
        form: str = template  # an empty one stays: gettext keeps the catalogue's own header under it
        if plural is not None:
            form = catalogue.ngettext(template, plural, parameters["count"])
        elif template:
            form = catalogue.gettext(template)
        if parameters:
            form = form.format(**{name: _inside(value, language) for name, value in parameters.items()})
        return cls._made(form, template, plural, parameters)

    @classmethod
    def _made(cls, text: str, template: str, plural: str | None, parameters: dict[str, Any]) -> "Message":
        self = super().__new__(cls, text)
        self.template, self.plural, self.parameters = template, plural, parameters
        return self

    def __str__(self) -> str:
        """Itself: an exception that carries a message gives it back whole."""
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """What a copy is made of; it is in the same language."""
        return Message._made, (str.__str__(self), self.template, self.plural, self.parameters)

    def said_in(self, language: str) -> "Message":
        """The same text in another language."""
        return self._say(language, self.template, self.plural, self.parameters)


def _inside(value: Any, language: str) -> Any:
    return value.said_in(language) if isinstance(value, Message) else value


@functools.cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == SOURCE:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, LOCALE, [language])


def current() -> str:
    """The code of the language of whoever asks: as given by `speaking`, else as the session tells, else English."""
    return _given.get() or _reader[-1]()


def follow(find: Callable[[], str]) -> None:
    """Let a function tell the language where none is given; it is called from any thread."""
    _reader[:] = [find]


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Give the language for what is done inside, in this thread."""
    token = _given.set(language)
    try:
        yield
    finally:
        _given.reset(token)


def shown(text: str) -> str:
    """A text as it is to be shown now; what is no `Message` (a name, a note) is left as it is."""
    return text.said_in(current()) if isinstance(text, Message) else text


def say(template: str, plural: str | None = None, /, **parameters: Any) -> Message:
    """Make a message in the language of whoever asks."""
    return Message(template, plural, **parameters).said_in(current())


def known(text: str) -> Message:
    """The message of an English text that came from another process, which marks it there."""
    return Message(text)


def joined(texts: Iterable[str]) -> Message:
    """Sentences one after another, as one message."""
    parameters: dict[str, Any] = {f"part{number}": text for number, text in enumerate(texts)}
    return Message(" ".join(f"{{{name}}}" for name in parameters), **parameters)


def _said(value: Any, language: str) -> Any:
    """A constant of a module of texts, with all texts inside it; keys are left alone."""
    if isinstance(value, Message):
        return value.said_in(language)
    if type(value) is str:
        return Message(value).said_in(language)
    if isinstance(value, dict):
        return {key: _said(part, language) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_said(part, language) for part in value)
    return value


class _Texts(ModuleType):
    """A module whose constants are given in the language of whoever asks for them."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        return _said(value, current()) if name.isupper() else value


def speaks(module: str) -> None:
    """Let a module of texts (its `__name__`) give its constants, those in capitals, in the reader's language.

    They have to be asked for as `texts.NAME`, not by `from texts import NAME`, which would ask once for all.
    """
    sys.modules[module].__class__ = _Texts
