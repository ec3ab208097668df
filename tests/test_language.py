"""Texts that are made in English and said in the reader's language when they are shown."""

import copy
import json
import pickle
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pneumo_core import language
from pneumo_core.errors import ReadError
from pneumo_core.language import Message, joined, say, shown, speaking
from pneumo_core.reading import read_film
from pneumo_core.report import texts as report_texts
from pneumo_core.types import FilmClass, Grade
from ui import texts

ROOT = Path(__file__).parents[1]


def test_a_message_is_english_until_it_is_shown_in_another_language() -> None:
    message = Message("{count} read", count=3)
    assert message == "3 read"
    with speaking("ko"):
        assert shown(message) == "판독 3개"
        assert message == "3 read"
    assert shown(message) == "3 read"


def test_what_was_said_in_korean_can_be_said_in_english_again() -> None:
    with speaking("ko"):
        said = say("{count} read", count=3)
    assert said == "판독 3개"
    assert shown(said) == "3 read"


def test_messages_inside_a_message_are_said_in_the_same_language_and_names_are_left_alone() -> None:
    answer = Message("Model {name}", name="Normal")
    whole = joined([Message("Normal."), answer])
    assert whole == "Normal. Model Normal"
    with speaking("ko"):
        assert shown(whole) == "정상. 모델 Normal"
        assert shown("Normal") == "Normal"


@pytest.mark.parametrize(("count", "words"), [(1, "1 file"), (2, "2 files")])
def test_english_has_a_plural_and_korean_has_none(count: int, words: str) -> None:
    message = Message("{count} file", "{count} files", count=count)
    assert message == words
    assert message.said_in("ko") == f"파일 {count}개"


def test_without_parameters_braces_stand_for_themselves() -> None:
    assert Message("a {b} c") == "a {b} c"
    assert Message("") == ""
    assert Message("").said_in("ko") == ""


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda message: pickle.loads(pickle.dumps(message))])
def test_a_copy_is_in_the_same_language_and_can_still_be_said_in_another(again) -> None:
    twin = again(Message("{count} read", count=3).said_in("ko"))
    assert twin == "판독 3개"
    assert shown(twin) == "3 read"
    assert json.dumps([twin], ensure_ascii=False) == '["판독 3개"]'


def test_an_error_carries_its_message_whole() -> None:
    with pytest.raises(ReadError) as caught:
        read_film(b"hello", "film.png")
    reason = str(caught.value)
    assert reason.startswith("This is a text file, though it is called .png.")
    with speaking("ko"):
        assert shown(reason).startswith("이 파일은 텍스트 파일(확장자는 .png)입니다.")


def test_texts_are_given_in_the_language_of_whoever_asks() -> None:
    assert texts.REVIEW == "Review"
    with speaking("ko"):
        assert texts.REVIEW == "판독"
        assert texts.CLASS_NAMES[FilmClass.COVID19] == "코로나19"
        assert texts.VIEWER["keyList"][0] == ["m", "히트맵 켜기/끄기"]
        assert texts.one_or_two([texts.SHORT_NAMES[FilmClass.VIRAL]]) == "바이러스성"
        assert report_texts.GRADES[Grade.CAUTION] == "주의"
        assert report_texts.percent(0.999) == ">99%"
        assert texts.NOT_FOR_DIAGNOSIS == "연구 및 교육용. 진단에 사용하지 마십시오."
    assert report_texts.percent(0.999) == ">99 %"
    assert texts.NOT_FOR_DIAGNOSIS == "Research and education. Not for diagnosis."


def test_readers_in_other_threads_keep_their_language() -> None:
    barrier = threading.Barrier(2)
    heard: dict[str, str] = {}

    def read(code: str) -> None:
        with speaking(code):
            barrier.wait(10)
            heard[code] = texts.WORKLIST
            barrier.wait(10)

    threads = [threading.Thread(target=read, args=(code,)) for code in language.LANGUAGES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert heard == {"en": "Worklist", "ko": "워크리스트"}


def test_a_reader_tells_the_language_where_none_is_given() -> None:
    before = language._reader[-1]
    try:
        language.follow(lambda: "ko")
        assert texts.REVIEW == "판독"
        with speaking("en"):
            assert texts.REVIEW == "Review"
    finally:
        language.follow(before)


def test_texts_that_are_first_asked_for_in_korean_are_still_english_for_others() -> None:
    script = (
        "from pneumo_core.language import speaking\n"
        "with speaking('ko'):\n"
        "    from ui import texts, training_texts\n"
        "    first = [texts.CLASS_NAMES['viral'], training_texts.FIGURES['sensitivity_viral']]\n"
        "print(*first, texts.CLASS_NAMES['viral'], training_texts.FIGURES['sensitivity_viral'], sep='|')"
    )
    done = subprocess.run([sys.executable, "-X", "utf8", "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert done.stdout.decode().strip() == (
        "바이러스성 폐렴|민감도, 바이러스성 폐렴|Viral pneumonia|Sensitivity, viral pneumonia"
    )
