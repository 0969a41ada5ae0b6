"""Words of the CBV mean the same in every form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.epcis.vocabulary import (
    Word,
    canonical_word,
    is_known,
    known_words,
    urn,
    web_address,
)

CBV = "https://ref.gs1.org/cbv/"
VOC = "https://gs1.org/voc/"

FORMS = [
    (Word.BIZ_STEP, "shipping", "urn:epcglobal:cbv:bizstep:shipping", "BizStep-shipping"),
    (Word.DISPOSITION, "in_transit", "urn:epcglobal:cbv:disp:in_transit", "Disp-in_transit"),
    (Word.BIZ_TRANSACTION_TYPE, "po", "urn:epcglobal:cbv:btt:po", "BTT-po"),
    (
        Word.SOURCE_DEST_TYPE,
        "owning_party",
        "urn:epcglobal:cbv:sdt:owning_party",
        "SDT-owning_party",
    ),
    (Word.ERROR_REASON, "did_not_occur", "urn:epcglobal:cbv:er:did_not_occur", "ER-did_not_occur"),
    (Word.COMPONENT, "x", "urn:epcglobal:cbv:comp:x", "Comp-x"),
]


@pytest.mark.parametrize(("kind", "word", "as_urn", "local"), FORMS)
def test_a_word_has_one_meaning_in_four_forms(
    kind: Word, word: str, as_urn: str, local: str
) -> None:
    assert urn(kind, word) == as_urn
    assert web_address(kind, word) == f"{CBV}{local}"
    forms = (word, as_urn, f"URN:EPCGlobal{as_urn[13:]}", f"{CBV}{local}", f"cbv:{local}")
    assert {canonical_word(kind, form) for form in forms} == {word}
    assert canonical_word(kind, f"https://ns.gs1.org/cbv/{local}") == word


@pytest.mark.parametrize(
    ("kind", "word"),
    [(Word.MEASUREMENT, "Temperature"), (Word.ALARM_CONDITION, "ALARM_CONDITION")],
)
def test_words_of_the_web_vocabulary_have_no_urn(kind: Word, word: str) -> None:
    assert web_address(kind, word) == urn(kind, word) == f"{VOC}{word}"
    for head in (VOC, "gs1:", "https://www.gs1.org/voc/", "https://ref.gs1.org/voc/"):
        assert canonical_word(kind, f"{head}{word}") == word


@pytest.mark.parametrize("kind", Word)
def test_every_word_comes_back(kind: Word) -> None:
    assert known_words(kind)
    for word in known_words(kind):
        assert is_known(kind, word)
        assert canonical_word(kind, urn(kind, word)) == word
        assert canonical_word(kind, web_address(kind, word)) == word


@pytest.mark.parametrize("kind", Word)
@pytest.mark.parametrize(
    "text",
    ["", "https://farm.example.org/voc/pruning", "urn:farm:pruning", "https://gs1.org/voc/Product"],
)
def test_words_of_others_stay(kind: Word, text: str) -> None:
    assert canonical_word(kind, text) == text
    assert not is_known(kind, text)
    if text:
        assert web_address(kind, text) == urn(kind, text) == text


def test_a_word_that_the_cbv_lacks_is_found_out() -> None:
    for text in ("urn:epcglobal:cbv:bizstep:shiping", f"{CBV}BizStep-shiping", "shiping"):
        word = canonical_word(Word.BIZ_STEP, text)
        assert word == "shiping"
        assert not is_known(Word.BIZ_STEP, word)


def test_a_word_of_another_list_is_none_of_this() -> None:
    assert canonical_word(Word.DISPOSITION, f"{CBV}BizStep-shipping") == f"{CBV}BizStep-shipping"
    assert not is_known(Word.DISPOSITION, "shipping")


def test_the_lists_are_as_long_as_those_of_cbv_2_0() -> None:
    lengths = {kind: len(known_words(kind)) for kind in Word}
    assert lengths == {
        Word.BIZ_STEP: 41,
        Word.DISPOSITION: 33,
        Word.BIZ_TRANSACTION_TYPE: 13,
        Word.SOURCE_DEST_TYPE: 3,
        Word.ERROR_REASON: 2,
        Word.COMPONENT: 14,
        Word.MEASUREMENT: 72,
        Word.ALARM_CONDITION: 2,
    }


@given(st.sampled_from(Word), st.text())
def test_nothing_fails_and_bare_words_stay(kind: Word, text: str) -> None:
    word = canonical_word(kind, text)
    assert not is_known(kind, word) or canonical_word(kind, word) == word
