"""What words of another language mean, beside them, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from cells import cells_of

from xltransformer.building.instance import make_instance
from xltransformer.building.parse import load_template
from xltransformer.errors import UserError
from xltransformer.locale import load_messages
from xltransformer.text import word_key
from xltransformer.workbook.layout import lay_out
from xltransformer.workbook.start.grid import LABEL, TOP

GLOSSED = [
    *((name, "zh") for name in ("encoder-decoder", "gpt", "bert", "llama", "recurrent")),
    *((name, "zh") for name in ("multi-head", "sentences")),
    ("encoder-decoder", "en"),
    ("apple", "en"),
]


@pytest.mark.parametrize(("name", "language"), GLOSSED)
def test_every_gloss_is_of_a_word(name: str, language: str) -> None:
    template = load_template(name, language)
    assert template.glosses
    assert template.glosses.keys() <= {word_key(word) for word in template.table.words}
    assert not load_template("gpt").glosses


def test_what_is_no_table_of_texts_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('model = "masks"\nsentences = ["a"]\nwords = ["a"]\n[glosses]\nen = "x"\n')
    with pytest.raises(UserError, match=r"glosses\.en"):
        make_instance(own)


def test_glosses_stand_beside_the_words_and_follow_edits() -> None:
    """The cell beside a word looks its gloss up in the word's row of the vocabulary, if the word stands there."""
    instance = make_instance("encoder-decoder")
    book = lay_out(instance, instance.trace(), load_messages())
    start, vocabulary = book.sheets[0], next(sheet for sheet in book.sheets if sheet.name == "Vocabulary")
    cells = cells_of(start)
    assert [cells[TOP + 1 + k, LABEL + 1].shown for k in range(6)] == ["cat", "at", "mat", "on", "sleeps", ""]
    assert "INDEX('Vocabulary'!" in str(cells[TOP + 1, LABEL + 1].content)
    glossed = cells_of(vocabulary)[4 + 2, 3 + instance.sizes.width]
    assert (glossed.shown, glossed.content) == ("cat", 'IF($B$7="猫","cat","")')
