"""The table of bad inputs: what is given to xlt, and what the line must name with which it is refused.

Every kind stands once; test_bad_input runs the table. A kind may be given in several ways, such as by an
option and in a template, and is refused in each.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import openpyxl

HEAD = 'model = "attention_lessons"\nsentences = ["cat"]\ndimensions = ["a", "b"]\n'
WORDS = "[words]\ncat = [1.0, 2.0]\n"
W_Q = "[weights.projected_attention]\nW_Q = "
OUT = ("-o", "out.xlsx")


@dataclass(frozen=True)
class Bad:
    """What the line says, and the ways to give it: arguments of xlt, and the files that these name."""

    said: Sequence[str]
    ways: Sequence[tuple[Sequence[str], Mapping[str, bytes]]]


def sentence(text: str, said: Sequence[str]) -> Bad:
    return Bad(said, [(("build", "--sentence", text, *OUT), {})])


def build(arguments: Sequence[str], said: Sequence[str]) -> Bad:
    """Options of xlt build, in a folder with a file `taken`."""
    return Bad(said, [(("build", "--sentence", "cat", *arguments), {"taken": b"mine"})])


def template(text: str, said: Sequence[str], **files: bytes) -> Bad:
    """A template, with files that it names (`w_npz` is w.npz): built, and traced, which adds no spare rows."""
    given = {"my.toml": text.encode(), **{name.replace("_", "."): data for name, data in files.items()}}
    return Bad(
        said, [(("build", "--template", "my.toml", *OUT), given), (("trace", "--template", "my.toml"), given)]
    )


def words(text: str, said: Sequence[str]) -> Bad:
    return template(f"{HEAD}[words]\n{text}\n", said)


def dimensions(text: str, said: Sequence[str]) -> Bad:
    return template(HEAD.replace('["a", "b"]', text) + WORDS, said)


def switches(text: str, said: Sequence[str]) -> Bad:
    return template(f"{HEAD}{WORDS}[switches]\n{text}\n", said)


def sizes(text: str, said: Sequence[str]) -> Bad:
    return template(f"{HEAD}{WORDS}[sizes]\n{text}\n", said)


def weights(text: str, said: Sequence[str], **files: bytes) -> Bad:
    return template(f"{HEAD}{WORDS}{text}\n", said, **files)


def npz(arrays: Mapping[str, Any], said: Sequence[str]) -> Bad:
    """Weights of a template in an .npz file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return weights(f"{W_Q}'w.npz'", said, w_npz=buffer.getvalue())


def csv_weights(text: str, said: Sequence[str]) -> Bad:
    return weights(f"{W_Q}'w.csv'", said, w_csv=text.encode())


def table(rows: Sequence[Sequence[Any]], said: Sequence[str]) -> Bad:
    """A table of embeddings, as .csv and as .xlsx, given by an option and in a template."""
    text, buffer, book = io.StringIO(), io.BytesIO(), openpyxl.Workbook()
    csv.writer(text).writerows(rows)
    for row in rows:
        book.active.append(list(row))
    book.save(buffer)
    ways: list[tuple[Sequence[str], Mapping[str, bytes]]] = []
    for name, data in (("words.csv", text.getvalue().encode()), ("words.xlsx", buffer.getvalue())):
        toml = f'model = "attention_lessons"\nsentences = ["cat"]\nembeddings = "{name}"\n'.encode()
        ways += [
            (("build", "--sentence", "cat", "--embeddings", name, *OUT), {name: data}),
            (("build", "--template", "my.toml", *OUT), {name: data, "my.toml": toml}),
        ]
    return Bad(said, ways)


def embeddings(row: Sequence[Any], said: Sequence[str]) -> Bad:
    return table([["word", "a", "b"], ["dog", 1, 2], row], said)


def file(name: str, data: bytes | None, said: Sequence[str]) -> Bad:
    """A file of embeddings."""
    given = {} if data is None else {name: data}
    return Bad(said, [(("build", "--sentence", "cat", "--embeddings", name, *OUT), given)])


def weights_file(name: str, data: bytes) -> Bad:
    """A file of weights; .npz files also in a template."""
    way = (("build", "--template", "encoder", "--weights", name, *OUT), {name: data})
    toml = f"{HEAD}{WORDS}[weights]\nfile = '{name}'\n".encode()
    inside = (("build", "--template", "my.toml", *OUT), {name: data, "my.toml": toml})
    return Bad([name], [way, inside] if name.endswith(".npz") else [way])


def option(option: str, name: str, data: bytes) -> Bad:
    chosen = () if option == "--template" else ("--template", "encoder", "--set", "d_model=8")
    return Bad([name.partition(".")[0]], [(("build", *chosen, option, name, *OUT), {name: data})])


def safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(**wrong: object) -> dict[str, object]:
    return {"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **wrong}}


def npz_of(header: bytes, data: bytes = b"", name: str = "w.npy") -> bytes:
    array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr(name, array)
    return buffer.getvalue()


def shaped(shape: str, descr: str = "'<f8'") -> bytes:
    return npz_of(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode(), bytes(16))


class Boom:
    """Unpickled, it writes a file."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, ("echo ran > ran.txt",)


def pickled() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, w=np.array([Boom()], dtype=object))
    return buffer.getvalue()


BAD: dict[str, Bad] = {
    # sentence
    "sentence: empty": sentence("", ["the sentence '' has no word", "give at least one"]),
    "sentence: blank": sentence(" \t ", ["has no word", "give at least one"]),
    "sentence: punctuation": sentence(
        "?! 。— ...", ["the sentence '?! 。— ...' has no word", "give at least one"]
    ),
    "sentence: much punctuation": sentence("!" * 5000, ["!!!", "has no word"]),
    "sentence: 10,000 words": sentence(" ".join(["cat"] * 10_000), ["words", "10,002", "use fewer"]),
    "sentence: 20,000 words": sentence(" ".join(["cat"] * 20_000), ["words", "20,002", "use fewer"]),
    "sentence: 10,000 different words": sentence(
        " ".join(f"w{i}" for i in range(10_000)), ["10,002", "use fewer"]
    ),
    "sentence: 10,000 characters": sentence("中" * 10_000, ["10,002", "use fewer"]),
    "sentence: a word of 40,000 letters": sentence("a" * 40_000, ["'aaaa", "40,000 letters", "shorter"]),
    "sentence: 40,000 letters in all": sentence(" ".join(["a" * 999] * 40), ["39,999 letters", "shorter"]),
    # template
    "template: no TOML": template("a = [1,\nb = 2\n", ["my", "TOML", "line 2, column", "correct"]),
    "template: no value": template("model = \n", ["TOML", "line 1, column 9"]),
    "template: deep TOML": template(f"x = {'[' * 5000}", ["TOML", "nested"]),
    "template: endless number": template(f"x = {'9' * 5000}", ["TOML", "5000 digits"]),
    "template: misspelt key": template(HEAD + 'tiltle = "x"\n' + WORDS, ["'tiltle'", "did you mean 'title'"]),
    "template: unknown key": template("zzz = 1\n" + HEAD + WORDS, ["'zzz'", "known are", "sentences"]),
    "template: empty": template("", ["model is None", "single_query"]),
    "template: unknown model": template('model = "lstm"', ["'lstm'", "give one of", "single_query"]),
    "template: list of models": template('model = ["single_query"]', ["['single_query']", "give one of"]),
    "template: sentence 5": template(HEAD.replace('"cat"', "5") + WORDS, ["sentences", "5", "list of texts"]),
    "option: too many letters to take apart": build(
        ["--template", "byte-pair", "--sentence", "a" * 90, *OUT],
        ["slots for the letters", "at most 80", "shorter"],
    ),
    "template: no sentence": template(HEAD.replace('"cat"', "") + WORDS, ["my has no sentences", "--sentence"]),
    "template: watch 5": template("watch = 5\n" + HEAD + WORDS, ["watch is 5", "give a word"]),
    "template: slots -1": template("slots = -1\n" + HEAD + WORDS, ["slots is -1", "at least 0"]),
    "template: slots 1.5": template("slots = 1.5\n" + HEAD + WORDS, ["slots is 1.5", "whole number"]),
    "template: slots true": template("slots = true\n" + HEAD + WORDS, ["slots is True", "whole number"]),
    "template: spare rows -3": template("spare_rows = -3\n" + HEAD + WORDS, ["spare_rows is -3", "at least 0"]),
    "template: seed -1": template("seed = -1\n" + HEAD + WORDS, ["seed is -1", "at least 0"]),
    "template: title 5": template("title = 5\n" + HEAD + WORDS, ["title is 5", "give a text"]),
    "template: note 5": template(HEAD + WORDS + "[notes]\nx = 5\n", ["notes.x is 5", "give a text"]),
    "template: long title": template(f'title = "{"t" * 40_000}"\n' + HEAD + WORDS, ["40,000 letters", "shorten"]),
    "template: weights 5": template("weights = 5\n" + HEAD + WORDS, ["weights is 5", "[weights]"]),
    # words
    "words: too long": words("cat = [1, 2, 3]", ["'cat'", "3 numbers", "expected 2"]),
    "words: too short": words("cat = [1, 2]\ndog = [1]", ["'dog'", "1 numbers", "expected 2"]),
    "words: nan": words("cat = [1, nan]", ["'cat', b is nan", "finite number"]),
    "words: inf": words("cat = [1, -inf]", ["'cat', b is -inf", "finite number"]),
    "words: 400 digits": words(f"cat = [1, {'9' * 400}]", ["'cat', b is 999", "finite number"]),
    "words: text": words('cat = ["x", 2]', ["'cat', a is 'x'", "a number belongs there"]),
    "words: boolean": words("cat = [true, 2]", ["'cat', a is True", "a number belongs there"]),
    "words: list": words("cat = [1, [2]]", ["'cat', b is [2]", "a number belongs there"]),
    "words: one number": words("cat = 5", ["'cat' is 5", "give a list of numbers"]),
    "words: twice": words("cat = [1, 2]\ncat = [1, 2]", ["TOML", "line 6, column"]),
    "words: case variant": words("cat = [1, 2]\nCat = [1, 2]", ["'Cat'", "twice", "'cat'", "keep one"]),
    "words: space variant": words('cat = [1, 2]\n" cat" = [1, 2]', ["'cat'", "twice", "keep one"]),
    "words: sigma variant": words("'Σ' = [1, 2]\n'ς' = [1, 2]", ["'ς'", "one word to some", "'Σ'", "leave one"]),
    "words: no word": words("'' = [1, 2]", ["word 1 is empty", "give"]),
    "words: long word": words(f"{'w' * 40_000} = [1, 2]", ["'www", "40,000 letters", "shorten"]),
    "words: none": words("", ["no word", "give at least one"]),
    # dimensions
    "dimensions: twice": dimensions('["a", "a"]', ["dimension 2", "'a'", "name of its own"]),
    "dimensions: blank": dimensions('["a", " "]', ["dimension 2", "''", "name of its own"]),
    "dimensions: number": dimensions('["a", 5]', ["['a', 5]", "list of names"]),
    "dimensions: none": dimensions("[]", ["dimensions is []", "list of names"]),
    "dimensions: count": dimensions("2", ["dimensions is 2", "list of names"]),
    # switches
    "switches: temperature 0": switches("temperature = 0", ["temperature is 0.0", "above 0"]),
    "switches: temperature -1.5": switches("temperature = -1.5", ["temperature is -1.5", "above 0"]),
    "switches: temperature nan": switches("temperature = nan", ["temperature is nan", "finite"]),
    "switches: temperature warm": switches('temperature = "warm"', ["temperature is 'warm'", "a number belongs"]),
    "switches: scaling 2": switches("scaling = 2", ["scaling is 2", "true or false"]),
    "switches: causal yes": switches('causal = "yes"', ["causal is 'yes'", "true or false"]),
    "switches: unknown": switches("causl = true", ["unknown switch 'causl'", "known are", "causal"]),
    # sizes
    "sizes: negative": sizes("d_k = -1", ["d_k is -1", "at least 1"]),
    "sizes: zero": sizes("d_v = 0", ["d_v is 0", "at least 1"]),
    "sizes: text": sizes('d_k = "2"', ["d_k is '2'", "whole number"]),
    "sizes: wider than a sheet": sizes("d_k = 20000", ["d_k: 20,000", "use fewer"]),
    "sizes: unknown": sizes("d_z = 2", ["'d_z'", "it knows", "d_k"]),
    "sizes: labels do not fit": sizes('key_labels = ["p", "q"]\nd_k = 3', ["2 names", "d_k is 3"]),
    # weights
    "weights: shape": weights(W_Q + "[[1, 2, 3], [4, 5, 6]]", ["W_Q is 2x3", "expected 2x2"]),
    "weights: ragged": weights(W_Q + "[[1, 2, 3], [4, 5]]", ["W_Q: row 2 has 2 numbers", "row 1 has 3"]),
    "weights: nan": weights(W_Q + "[[1, nan], [3, 4]]", ["row 1, column 2 is nan", "finite number"]),
    "weights: inf": weights(W_Q + "[[1, 2], [inf, 4]]", ["row 2, column 1 is inf", "finite number"]),
    "weights: text": weights(W_Q + "[[1, 'x'], [3, 4]]", ["row 1, column 2 is 'x'", "a number belongs"]),
    "weights: boolean": weights(W_Q + "[[1, false], [3, 4]]", ["row 1, column 2 is False", "a number belongs"]),
    "weights: one row": weights(W_Q + "[1, 2]", ["W_Q is [1, 2]", "list of rows"]),
    "weights: no row": weights(W_Q + "[]", ["W_Q is []", "list of rows"]),
    "weights: one number": weights(W_Q + "5", ["W_Q is 5", "list of rows"]),
    "weights: unknown block": weights(W_Q.replace("W_Q", "W_X") + "[[1]]", ["projected_attention.W_X", "W_Q"]),
    "weights: unknown layer": weights("[weights.self_attention]\nW_Q = [[1]]", ["self_attention.W_Q", "W_K"]),
    "weights: another file": weights(W_Q + "'w.txt'", ["'w.txt'", ".npz or .csv"]),
    "weights: no .npz file": weights(W_Q + "'no.npz'", ["cannot read no.npz", "check"]),
    "weights: no .csv file": weights(W_Q + "'no.csv'", ["cannot read no.csv", "check"]),
    "weights: no file of weights": weights("[weights]\nfile = 'no.npz'", ["cannot read no.npz", "check"]),
    "weights: file 5": weights("[weights]\nfile = 5", ["weights.file is 5", "give the name of a file"]),
    # weights.npz
    "weights.npz: not in it": npz({"W_K": np.eye(2)}, ["w.npz has no array", "projected_attention.W_Q", "W_K"]),
    "weights.npz: nothing in it": npz({}, ["w.npz has no array", "projected_attention.W_Q", "none"]),
    "weights.npz: shape": npz({"W_Q": np.eye(3)}, ["W_Q is 3x3", "expected 2x2"]),
    "weights.npz: one row": npz({"W_Q": np.ones(2)}, ["[1.0, 1.0]", "list of rows"]),
    "weights.npz: 3-D": npz({"W_Q": np.ones((2, 2, 2))}, ["row 1, column 1 is [1.0, 1.0]", "a number"]),
    "weights.npz: no row": npz({"W_Q": np.ones((0, 2))}, ["W_Q is []", "list of rows"]),
    "weights.npz: nan": npz({"W_Q": np.array([[1, np.nan], [1, 1]])}, ["column 2 is nan", "finite"]),
    "weights.npz: inf": npz({"W_Q": np.array([[1, 1], [np.inf, 1]])}, ["row 2, column 1 is inf", "finite"]),
    "weights.npz: boolean": npz({"W_Q": np.eye(2, dtype=bool)}, ["is True", "a number belongs"]),
    "weights.npz: text": npz({"W_Q": np.array([["p", "q"], ["r", "s"]])}, ["is 'p'", "a number belongs"]),
    "weights.npz: complex": npz({"W_Q": np.eye(2, dtype=complex)}, ["is (1+0j)", "a number belongs"]),
    "weights.npz: objects": npz({"W_Q": np.array([[None]])}, ["w.npz is no .npz file of plain numbers"]),
    # weights.csv
    "weights.csv: ragged": csv_weights("1,2\n3\n", ["row 2 has 1 numbers", "row 1 has 2"]),
    "weights.csv: shape": csv_weights("1,2,3\n4,5,6\n", ["W_Q is 2x3", "expected 2x2"]),
    "weights.csv: text": csv_weights("1,x\n3,4\n", ["row 1, column 2 is 'x'", "a number belongs"]),
    "weights.csv: hole": csv_weights("1,\n3,4\n", ["row 1, column 2 is ''", "a number belongs"]),
    "weights.csv: boolean": csv_weights("1,TRUE\n3,4\n", ["row 1, column 2 is 'TRUE'", "a number belongs"]),
    "weights.csv: nan": csv_weights("1,nan\n3,4\n", ["row 1, column 2 is nan", "finite"]),
    "weights.csv: empty": csv_weights("", ["W_Q is []", "list of rows"]),
    # embeddings
    "embeddings: too long": embeddings(["cat", 1, 2, 3], ["'cat'", "3 numbers", "expected 2"]),
    "embeddings: too short": embeddings(["cat", 1], ["'cat'", "1 numbers", "expected 2"]),
    "embeddings: hole": embeddings(["cat", None, 1], ["'cat', a is ''", "a number belongs"]),
    "embeddings: nan": embeddings(["cat", 1, "nan"], ["'cat', b is nan", "finite number"]),
    "embeddings: inf": embeddings(["cat", 1, "-inf"], ["'cat', b is -inf", "finite number"]),
    "embeddings: text": embeddings(["cat", "x", 2], ["'cat', a is 'x'", "a number belongs"]),
    "embeddings: decimal comma": embeddings(["cat", "1,5", 2], ["'cat', a is '1,5'", "a number belongs"]),
    "embeddings: word twice": embeddings(["dog", 3, 4], ["'dog'", "twice", "keep one"]),
    "embeddings: case variant": embeddings(["DOG", 3, 4], ["'DOG'", "twice", "'dog'", "keep one"]),
    "embeddings: no word": embeddings(["", 3, 4], ["word 2 is empty", "give"]),
    "embeddings: overflow": embeddings(["cat", 1e200, 1e200], ["scores comes out as inf", "scale them down"]),
    # embeddings
    "embeddings: nothing": table([], ["words.", "expected a header row"]),
    "embeddings: one column": table([["word"], ["cat"]], ["words.", "expected a header row"]),
    "embeddings: header alone": table([["word", "a"]], ["words.", "no word", "give at least one"]),
    "embeddings: dimension twice": table(
        [["word", "a", "a"], ["cat", 1, 2]], ["dimension 2", "'a'", "of its own"]
    ),
    "embeddings: no dimension": table([["word", "", "a"], ["cat", 1, 2]], ["dimension 1", "''", "of its own"]),
    # embeddings
    "embeddings: no .csv file": file("no.csv", None, ["cannot read no.csv", "check"]),
    "embeddings: no .xlsx file": file("no.xlsx", None, ["cannot read no.xlsx", "check"]),
    "embeddings: another kind of file": file("e.txt", b"word,a\ncat,1\n", ["e.txt", ".csv or .xlsx"]),
    "embeddings: text as .xlsx": file("e.xlsx", b"word,a\ncat,1\n", ["e.xlsx is no .xlsx workbook", "save it"]),
    "embeddings: GBK": file("e.csv", "word,a\n键盘,1\n".encode("gbk"), ["e.csv", "save it as UTF-8"]),
    "embeddings: UTF-16": file("e.csv", "word,a\ncat,1\n".encode("utf-16"), ["e.csv", "save it as UTF-8"]),
    "embeddings: huge cell": file("e.csv", b"word,a\n" + b"c" * 200_000 + b",1\n", ["e.csv, line 2", "limit"]),
    # build
    "build: misspelt": build(["--template", "cat-and-mose"], ["'cat-and-mose'", "did you mean 'cat-and-mouse'?"]),
    "build: unknown template": build(["--template", "zzz"], ["'zzz'", "give one of", "first-attention"]),
    "build: empty template": build(["--template", ""], ["no template ''", "give one of"]),
    "build: no .toml file": build(["--template", "no.toml"], ["cannot read no.toml", "check"]),
    "build: no folder of a .toml": build(["--template", "no/no.toml"], ["cannot read no/no.toml", "check"]),
    "build: folder as template": build(["--template", "."], ["no template '.'", "give one of"]),
    "build: endless template": build(["--template", "x" * 300], ["'xxx", "give one of"]),
    "build: unknown language": build(["--lang", "xx"], ["'xx'", "en, zh"]),
    "build: many slots": build(["--slots", "1000"], ["1,001", "use fewer"]),
    "build: no folder": build(["-o", "no/out.xlsx"], ["folder no does not exist", "create it"]),
    "build: file as folder": build(["-o", "taken/out.xlsx"], ["folder taken does not exist", "create it"]),
    "build: folder as output": build(["-o", "."], [". is a folder", "name of a file"]),
    "build: empty output": build(["-o", ""], ["is a folder", "name of a file"]),
    "build: file exists": build(["-o", "taken"], ["taken exists already", "-o", "--force"]),
    "build: endless output": build(["-o", "x" * 300 + ".xlsx"], ["cannot write xxx", "another name"]),
    "build: null character": build(["-o", "a\0b.xlsx"], ["cannot write", "another name"]),
    # files of weights
    "weights: objects": weights_file("w.npz", pickled()),
    "weights: a bare pickle": weights_file("w.npz", pickle.dumps(Boom())),
    "weights: a shape of 10^18": weights_file("w.npz", shaped("(1000000000, 1000000000)")),
    "weights: a shape of 10^30": weights_file("w.npz", shaped("(10**30,)".replace("10**30", "1" + "0" * 30))),
    "weights: a negative shape": weights_file("w.npz", shaped("(-2, -8)")),
    "weights: a shape of texts": weights_file("w.npz", shaped("('a',)")),
    "weights: a header that calls": weights_file("w.npz", shaped("__import__('os').getcwd()")),
    "weights: a header of brackets": weights_file("w.npz", npz_of(b"(" * 60_000)),
    "weights: dates": weights_file("w.npz", shaped("(2,)", "'<M8[D]'")),
    "weights: texts": weights_file("w.npz", shaped("(2,)", "'<U2'")),
    "weights: no arrays but texts": weights_file("w.npz", npz_of(b"", name="w.txt")),
    "weights: an empty file": weights_file("w.safetensors", b""),
    "weights: seven bytes": weights_file("w.safetensors", b"1234567"),
    "weights: a header of 2^63": weights_file("w.safetensors", safetensors({}, length=2**63)),
    "weights: a header longer than the file": weights_file("w.safetensors", safetensors({}, length=1000)),
    "weights: a header that is no JSON": weights_file("w.safetensors", safetensors(b"{nonsense")),
    "weights: a header of brackets, too": weights_file("w.safetensors", safetensors(b"[" * 200_000)),
    "weights: a header that is a list": weights_file("w.safetensors", safetensors([1, 2])),
    "weights: a header of long numbers": weights_file(
        "w.safetensors", safetensors(b'{"w": ' + b"9" * 5000 + b"}")
    ),
    "weights: an entry that is a text": weights_file("w.safetensors", safetensors({"w": "x"})),
    "weights: offsets beyond the end": weights_file(
        "w.safetensors", safetensors(entry(data_offsets=[0, 10**12]), bytes(8))
    ),
    "weights: offsets before the start": weights_file(
        "w.safetensors", safetensors(entry(data_offsets=[-8, 0]), bytes(8))
    ),
    "weights: offsets the wrong way": weights_file(
        "w.safetensors", safetensors(entry(data_offsets=[8, 0]), bytes(8))
    ),
    "weights: three offsets": weights_file("w.safetensors", safetensors(entry(data_offsets=[0, 4, 8]), bytes(8))),
    "weights: a negative size": weights_file("w.safetensors", safetensors(entry(shape=[-1, -2]), bytes(8))),
    "weights: a size of 10^18": weights_file("w.safetensors", safetensors(entry(shape=[10**9, 10**9]), bytes(8))),
    "weights: a size that is true": weights_file("w.safetensors", safetensors(entry(shape=[True, 2]), bytes(8))),
    "weights: no shape": weights_file("w.safetensors", safetensors({"w": {"dtype": "F32"}})),
    "weights: names of a million letters": weights_file(
        "w.safetensors", safetensors({"n" * 10**6: entry()["w"]}, bytes(8))
    ),
    "weights: ten thousand entries": weights_file(
        "w.safetensors", safetensors({f"layers.{k}.x": entry()["w"] for k in range(10_000)}, bytes(8))
    ),
    "weights: not a number": weights_file(
        "w.safetensors", safetensors(entry(), np.array([np.nan, 1], "<f4").tobytes())
    ),
    # templates, lists of words and tables of absurd sizes and depths
    "file: deep TOML keys": option("--template", "t.toml", b".".join([b"a"] * 20_000) + b" = 1"),
    "file: a TOML key of 10^6 letters": option("--template", "t.toml", b"k" * 10**6 + b" = 1"),
    "file: a TOML model of 10^6 letters": option("--template", "t.toml", b'model = "' + b"m" * 10**6 + b'"'),
    "file: TOML of null characters": option("--template", "t.toml", bytes(1000)),
    "file: deep JSON": option("--vocabulary", "v.json", b"[" * 100_000),
    "file: JSON of another shape": option("--vocabulary", "v.json", b'{"a": {"b": 1}}'),
    "file: JSON of a long number": option("--vocabulary", "v.json", b'{"a": ' + b"9" * 5000 + b"}"),
    "file: JSON tokens of numbers": option("--vocabulary", "v.json", b"[1, 2, 3]"),
    "file: JSON rows of 10^15": option("--vocabulary", "v.json", b'{"a": 1000000000000000}'),
    "file: a token of 10^6 letters": option("--vocabulary", "v.txt", b"t" * 10**6),
    "file: a list of words in another code": option("--vocabulary", "v.txt", "键盘\n".encode("gbk")),
    "file: a CSV row of 10^6 columns": option("--embeddings", "e.csv", b"word" + b",a" * 10**6 + b"\ncat,1\n"),
    "file: a CSV number of 10^5 digits": option("--embeddings", "e.csv", b"word,a,b\ncat,1," + b"9" * 100_000),
    "file: a CSV of null characters": option("--embeddings", "e.csv", bytes(1000)),
    "file: a CSV quote that never ends": option("--embeddings", "e.csv", b'word,a\n"' + b"x" * 200_000),
}
