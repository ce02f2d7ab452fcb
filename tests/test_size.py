"""Sizes and costs: the published counts, the sheet against Python, the command line."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result
from kept import USUAL
from untrained import untrained

from xltransformer import api
from xltransformer.building.instance import Instance, make_instance
from xltransformer.building.template import shipped_templates
from xltransformer.cli import main
from xltransformer.cli.size import read_configuration
from xltransformer.difference import diff
from xltransformer.engines import ENGINES, Engine, Results
from xltransformer.errors import UserError
from xltransformer.graph import Axis, Model
from xltransformer.locale import Messages, load_messages
from xltransformer.nn.stack import Architecture, stack_weights
from xltransformer.size.configuration import (
    INPUTS,
    QUANTITIES,
    Configuration,
    Value,
    configuration,
    quantities,
)
from xltransformer.size.published import PUBLISHED
from xltransformer.workbook.styles import WEIGHT_FILL

KNOWN = {known.name: known for known in PUBLISHED}


def count(**given: Value) -> int:
    return int(quantities(configuration(**given))["parameters"])


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("GPT-1", 116_534_784),
        ("BERT base", 109_482_240),
        ("BERT large", 335_141_888),
        ("GPT-2 small", 124_439_808),
        ("GPT-2 medium", 354_823_168),
        ("GPT-2 large", 774_030_080),
        ("GPT-2 XL", 1_557_611_200),
        ("LLaMA 7B", 6_738_415_616),
    ],
)
def test_counts_of_released_models_are_exact(name: str, weights: int) -> None:
    assert quantities(KNOWN[name].configuration)["parameters"] == weights == KNOWN[name].exact


@pytest.mark.parametrize(
    ("name", "stated", "rounding"),
    [
        ("GPT-1", 117e6, 1e6),
        ("BERT base", 110e6, 1e7),
        ("BERT large", 340e6, 1e7),
        ("GPT-2 small", 124e6, 1e6),
        ("GPT-2 medium", 355e6, 1e6),
        ("GPT-2 large", 774e6, 1e6),
        ("GPT-2 XL", 1558e6, 1e6),
        ("GPT-3 175B", 174_600e6, 1e8),
        ("GPT-3 175B", 175e9, 1e9),
        ("LLaMA 7B", 6.7e9, 1e8),
    ],
)
def test_counts_round_to_those_stated(name: str, stated: float, rounding: float) -> None:
    assert round(quantities(KNOWN[name].configuration)["parameters"] / rounding) * rounding == pytest.approx(
        stated
    )


def test_every_row_says_what_it_must_match() -> None:
    """All agree with their source but the two whose source does not agree with itself."""
    differ = {
        known.name
        for known in PUBLISHED
        if round(quantities(known.configuration)["parameters"] / known.rounding) * known.rounding != known.stated
    }
    assert differ == {"Transformer base", "Transformer big"}


@pytest.mark.parametrize(("name", "stated", "counted"), [("base", 65e6, 63_045_632), ("big", 213e6, 214_171_648)])
def test_original_transformers_come_near_what_their_paper_states(name: str, stated: float, counted: int) -> None:
    """By hand, with V = 37,000: V·d + 6·(4d² + 8d²) + 12·(2·d·d_ff + d_ff + d) + 30·2d."""
    known = KNOWN[f"Transformer {name}"]
    assert known.stated == stated
    d, d_ff = (512, 2048) if name == "base" else (1024, 4096)
    assert counted == 37000 * d + 6 * 12 * d * d + 12 * (2 * d * d_ff + d_ff + d) + 30 * 2 * d
    assert quantities(known.configuration)["parameters"] == counted == pytest.approx(stated, rel=0.031)


@pytest.mark.parametrize(
    ("millions", "varied"),
    [
        (65, {}),
        (58, {"d_k": 16, "d_v": 64}),
        (60, {"d_k": 32, "d_v": 64}),
        (36, {"layers": 2, "decoder_layers": 2}),
        (50, {"layers": 4, "decoder_layers": 4}),
        (80, {"layers": 8, "decoder_layers": 8}),
        (28, {"d_model": 256, "d_k": 32, "d_v": 32}),
        (168, {"d_model": 1024, "d_k": 128, "d_v": 128}),
        (53, {"d_ff": 1024}),
        (90, {"d_ff": 4096}),
    ],
)
def test_variations_of_the_original_transformer(millions: int, varied: dict[str, Value]) -> None:
    """Table 3 of Vaswani et al. 2017, base and rows B and C: one vocabulary gives all ten counts."""
    base = {**KNOWN["Transformer base"].configuration, "vocabulary": 41100}
    assert round(count(**{**base, **varied}) / 1e6) == millions


def test_no_vocabulary_gives_both_counts_of_the_original_transformers() -> None:
    def vocabularies(name: str) -> set[int]:
        known = KNOWN[f"Transformer {name}"]
        rest = count(**{**known.configuration, "vocabulary": 0})
        width = int(known.configuration["d_model"])
        return {v for v in range(60_000) if round((rest + v * width) / 1e6) * 10**6 == known.stated}

    base, big = vocabularies("base"), vocabularies("big")
    assert (min(base), max(base), min(big), max(big)) == (39_841, 41_793, 35_368, 36_344)


def test_count_of_pytorch_module() -> None:
    """torch.nn.Transformer() has 44,140,544 parameters: no embeddings, a norm after each stack."""
    given: dict[str, Value] = {"layers": 6, "decoder_layers": 6, "d_model": 512, "heads": 8, "final_norms": 2}
    assert count(**given, vocabulary=0, positions=0) == 44_140_544


@pytest.mark.parametrize("seed", range(8))
def test_layers_have_the_parameters_counted(seed: int) -> None:
    """The stacks of nn, of odd sizes, hold as many weights as the expressions say."""
    rng = random.Random(seed)
    heads, d_k, d_v, width, d_ff, layers, decoder_layers = (rng.randint(1, 6) for _ in range(7))
    biases, rms, gated, final_norm = (rng.random() < 0.5 for _ in range(4))
    model = Model()
    g = model.scope()
    architecture = Architecture(
        width=Axis.numbered("d", width), heads=heads, d_k=d_k, d_v=d_v, d_ff=d_ff, biases=biases, rms=rms,
        epsilon=g.constant("epsilon", 1e-5), activation="swiglu" if gated else "relu",
    )  # fmt: skip
    stack_weights(g.scope("encoder"), architecture, layers, final_norm=final_norm)
    stack_weights(g.scope("decoder"), architecture, decoder_layers, across=True, final_norm=final_norm)
    assert sum(block.size for block in model.parameters) == count(
        layers=layers, decoder_layers=decoder_layers, heads=heads, d_model=width, d_k=d_k, d_v=d_v, d_ff=d_ff,
        vocabulary=0, positions=0, gated=gated, attention_biases=biases, feed_forward_biases=biases,
        norm_numbers=2 if biases and not rms else 1, final_norms=2 * final_norm,
    )  # fmt: skip


def test_operations_of_a_token_follow_kaplan() -> None:
    """C = 2N + 2·layers·n·d (Kaplan et al. 2020, equation 2.2), whose N leaves out embeddings, biases
    and norms, and which leaves out the product with the embeddings that predicts the next word."""
    for name in ("GPT-1", "GPT-2 small", "GPT-2 XL", "GPT-3 175B"):
        given = KNOWN[name].configuration
        layers, d, n = given["layers"], given["d_model"], given["context"]
        kaplan = 2 * 12 * layers * d**2 + 2 * layers * n * d
        sizes = quantities(given)
        assert sizes["flops"] - 2 * given["vocabulary"] * d == pytest.approx(kaplan, rel=2e-3)
        assert sizes["attention_flops"] == 2 * layers * n * d


def test_costs_of_gpt3() -> None:
    """Training: 3.14E+23 (Brown et al. 2020, table D.1). Cache: 2·96·2048·12288 numbers of 2 bytes."""
    sizes = quantities(KNOWN["GPT-3 175B"].configuration)
    assert f"{sizes['training']:.2E}" == "3.14E+23"
    assert sizes["cache_memory"] == 2 * 96 * 2048 * 12288 * 2 / 1e6
    assert sizes["weight_memory"] == 174_604_259_328 * 2 / 1e6
    assert sizes["inference"] == 2 * 174_604_259_328
    assert f"{quantities(KNOWN['BERT base'].configuration)['training']:.2E}" == "1.64E+20"


def test_bidirectional_model_keeps_no_cache() -> None:
    assert quantities(KNOWN["BERT base"].configuration)["cache_memory"] == 0


def test_widths_follow_unless_given() -> None:
    wide = configuration(d_model=1024, heads=16)
    assert (wide["d_k"], wide["d_v"], wide["d_ff"]) == (64, 64, 4096)
    assert configuration(d_k=5)["d_v"] == 5
    assert configuration(heads=7, d_k=5, d_v=3, d_ff=11)["d_v"] == 3
    assert configuration() == KNOWN["GPT-2 small"].configuration


def some_configuration(rng: random.Random) -> dict[str, Value]:
    given: dict[str, Value] = {
        name: rng.randint(known.least, 40 if known.most is None else known.most) for name, known in INPUTS.items()
    }
    return configuration(**{**given, "bytes": rng.choice([0.5, 1, 2, 4])})


class SizeSheet:
    """The sheet on size as a reader finds his way in it: by the names above the columns."""

    def __init__(self, path: Path, name: str = "Size") -> None:
        self.path = path
        self.book = openpyxl.load_workbook(path)
        self.sheet = self.book[name]
        self.columns: dict[str, tuple[int, int]] = {}
        for row in self.sheet.iter_rows():
            for cell in row:
                known = cell.value in INPUTS or cell.value in {q.name for q in QUANTITIES}
                if known and cell.column > 1 and self.sheet.cell(cell.row + 2, 2).value == PUBLISHED[0].name:
                    self.columns[str(cell.value)] = cell.row + 1, cell.column

    def cell(self, name: str, k: int) -> tuple[int, int]:
        row, column = self.columns[name]
        return row + k, column

    def fill(self, configurations: list[dict[str, Value]], path: Path) -> None:
        for k, given in enumerate(configurations):
            for name, value in given.items():
                cell = self.sheet.cell(*self.cell(name, k))
                assert cell.data_type == "n", name
                cell.value = value
        self.book.save(path)

    def check(self, results: Results, configurations: list[Configuration]) -> None:
        grid = results[self.sheet.title.lower()]
        for k, given in enumerate(configurations):
            for name, value in quantities(given).items():
                assert str(self.sheet.cell(*self.cell(name, k)).value).startswith("="), name
                assert grid[self.cell(name, k)] == pytest.approx(value, rel=1e-14, abs=0), (name, given)


@pytest.fixture(scope="module", params=USUAL)
def engine(request: pytest.FixtureRequest) -> Any:
    return ENGINES[request.param]


def test_sheet_equals_python(engine: Any, default_workbook: tuple[Path, Instance]) -> None:
    sheet = SizeSheet(default_workbook[0])
    assert set(sheet.columns) == {*INPUTS, *(q.name for q in QUANTITIES)}
    given = [configuration(), *(known.configuration for known in PUBLISHED)]
    sheet.check(engine.recalculate(sheet.path), given)


def test_sheet_follows_edits(engine: Any, tmp_path: Path) -> None:
    """Twelve odd configurations typed into the twelve rows."""
    rng = random.Random(4)
    api.build_size(tmp_path / "size.xlsx")
    sheet = SizeSheet(tmp_path / "size.xlsx")
    configurations = [some_configuration(rng) for _ in range(1 + len(PUBLISHED))]
    sheet.fill(configurations, tmp_path / "edited.xlsx")
    sheet.check(engine.recalculate(tmp_path / "edited.xlsx"), list(configurations))


def test_every_cached_result_is_what_the_engines_compute(engine: Any, tmp_path: Path) -> None:
    path = tmp_path / "size.xlsx"
    api.build_size(path, configuration(layers=3, heads=5, d_k=7), language="zh")
    cached = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    grid = engine.recalculate(path)[cached.title.lower()]
    formulas = [
        c for row in openpyxl.load_workbook(path).worksheets[0].iter_rows() for c in row if c.data_type == "f"
    ]
    assert len(formulas) == 13 * 12 + 11
    for cell in formulas:
        shown = cached.cell(cell.row, cell.column).value
        assert grid[cell.row, cell.column] == pytest.approx(shown, rel=1e-13, abs=1e-15), cell.coordinate


def weight_cells(path: Path, legend: str) -> int:
    """The purple cells of a workbook, but for the one that shows the colour in the legend."""
    purple: dict[int, bool] = {}  # by style, of which there are few
    found = 0
    for sheet in openpyxl.load_workbook(path, read_only=True):
        for row in sheet.iter_rows():
            for cell, beside in zip(row, [*row[1:], None], strict=True):
                if (style := getattr(cell, "_style_id", 0)) not in purple:
                    purple[style] = style > 0 and cell.fill.fgColor.rgb == "FF" + WEIGHT_FILL[1:]
                if purple[style] and (beside is None or beside.value != legend):
                    assert cell.data_type == "n"
                    found += 1
    return found


def own_counts(
    book_path: Path, messages: Messages, model: Model, engine: Engine
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the sheet says of its own workbook: the count of each block, and the sums by their titles."""
    sheet = openpyxl.load_workbook(book_path, read_only=True)[messages("sheet.size")]
    grid = engine.recalculate(book_path)[sheet.title.lower()]
    titles = {messages(f"size.workbook.{key}") for key in ("embeddings", "weights", "total")}
    texts = [(row, *cells) for row, cells in enumerate(sheet.iter_rows(1, None, 4, 5, values_only=True), start=1)]
    lines = {str(block): grid[row, 3] for row, _, block in texts if block in model.blocks}
    return lines, {str(title): grid[row, 3] for row, title, _ in texts if title in titles}


@pytest.mark.parametrize("template", shipped_templates())
def test_workbook_counts_its_own_weights(template: str, tmp_path: Path) -> None:
    path, messages = tmp_path / "book.xlsx", load_messages()
    model = api.build(path, template=template).model
    lines, sums = own_counts(path, messages, model, ENGINES["ironcalc"])
    weights, embeddings = weight_cells(path, messages("start.legend_weight")), model.blocks["embeddings"].size
    assert lines == {block.name: block.size for block in model.inputs if block.role in ("parameter", "embedding")}
    assert sum(n for name, n in lines.items() if name != "embeddings") == weights
    assert sums.get(messages("size.workbook.weights"), 0) == weights
    assert sums[messages("size.workbook.embeddings")] == embeddings
    assert sums[messages("size.workbook.total")] == weights + embeddings


def test_libreoffice_counts_the_weights_alike(tmp_path: Path) -> None:
    path, messages = tmp_path / "book.xlsx", load_messages("zh")
    model = api.build(path, language="zh").model
    weights = weight_cells(path, messages("start.legend_weight"))
    lines, sums = own_counts(path, messages, model, ENGINES["libreoffice"])
    assert lines["embeddings"] == sums[messages("size.workbook.embeddings")] == model.blocks["embeddings"].size
    assert sums[messages("size.workbook.weights")] == weights
    assert sums[messages("size.workbook.total")] == sum(lines.values())


def test_models_of_ours_have_the_parameters_counted(tmp_path: Path) -> None:
    """Small models gpt and bert, whose learned numbers the expressions give from their sizes."""

    def learned(template: str) -> tuple[Instance, int]:
        built = make_instance(untrained(template, tmp_path))
        return built, sum(block.size for block in built.model.inputs if block.role in ("parameter", "embedding"))

    sizes: dict[str, Value] = {"layers": 2, "heads": 2, "d_model": 6}
    gpt, weights = learned("gpt")
    words, slots = gpt.sizes.vocabulary, gpt.sizes.slots[0]
    assert weights == count(**sizes, d_ff=12, vocabulary=words, positions=slots)
    bert, weights = learned("bert")
    words, slots = bert.sizes.vocabulary, bert.sizes.slots[0]
    head = 6 * 6 + 6 + 2 * 6 + words  # what predicts the masked word: a layer, a norm, a bias for each word
    assert weights - head == count(
        **sizes, d_ff=8, vocabulary=words, positions=slots, segments=2, embeddings_norm=1, final_norms=0
    )


@pytest.mark.parametrize("engine", USUAL)
@pytest.mark.parametrize("language", ["en", "zh"])
def test_default_workbook_still_agrees(language: str, engine: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    api.build(path, language=language)
    assert diff(path, engine).ok


def test_exercise_has_the_sheet_too(tmp_path: Path) -> None:
    api.build(tmp_path / "book.xlsx", exercise=["scores"])
    assert "Size" in openpyxl.load_workbook(tmp_path / "book.xlsx").sheetnames


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["size", *arguments])


def test_command_prints_models_and_configuration() -> None:
    result = run("--set", "layers=6", "--set", "d_model=512", "--set", "heads=8")
    assert result.exit_code == 0
    for known in PUBLISHED:
        assert known.name in result.output
        assert f"{quantities(known.configuration)['parameters']:,}" in result.output
    assert f"{count(layers=6, d_model=512, heads=8):,}" in result.output
    assert "…" not in result.output


def test_command_prints_json() -> None:
    result = run("--set", "tokens=3e11", "--set", "bytes=.5", "--format", "json")
    printed = json.loads(result.output)
    own = configuration(tokens=300_000_000_000, bytes=0.5)
    assert printed["configuration"] == own
    assert printed["quantities"] == quantities(own)
    assert [known["name"] for known in printed["published"]] == list(KNOWN)
    assert printed["published"][-1]["quantities"]["parameters"] == 6_738_415_616


def test_choices_are_told_as_words_too() -> None:
    printed = json.loads(run("--set", "causal=false", "--set", "tied=True", "--format", "json").output)
    assert printed["configuration"] == configuration(causal=0, tied=1)


def test_command_writes_the_sheet_alone(tmp_path: Path) -> None:
    path = tmp_path / "size.xlsx"
    assert run("--set", "layers=7", "-o", str(path)).exit_code == 0
    sheet = SizeSheet(path)
    assert sheet.book.sheetnames == ["Size"]
    assert sheet.sheet.cell(*sheet.cell("layers", 0)).value == 7
    before = path.read_bytes()
    refused = run("-o", str(path))
    assert refused.exit_code == 2
    assert "--force" in refused.output
    assert path.read_bytes() == before
    assert run("-o", str(path), "--force", "--lang", "zh").exit_code == 0
    assert openpyxl.load_workbook(path).sheetnames == ["规模"]
    with pytest.raises(UserError, match="no description of a model"):
        diff(path)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("heads=0", "heads is 0"),
        ("layers=-1", "layers is -1"),
        ("layers=1.5", "layers is 1.5"),
        ("layers=x", "give a number"),
        ("layers=nan", "give a number"),
        ("layers=1e999", "give a number"),
        ("layers=1_0", "give a number"),
        ("layers=true", "give a number"),
        ("vocabulary=1e16", "vocabulary is 1"),
        ("bytes=0", "bytes is 0"),
        ("tied=2", "give 0 or 1"),
        ("norm_numbers=0", "give 1 or 2"),
        ("heads=7", "give d_k"),
        ("layers", "such as layers=12"),
        ("layers=", "such as layers=12"),
        ("lairs=3", "lairs"),
    ],
)
def test_bad_input_is_one_clear_line(setting: str, says: str) -> None:
    result = run("--set", setting)
    assert result.exit_code == 2
    assert says in result.output
    assert result.output.startswith("xlt: ")
    assert result.output.count("\n") == 1


def test_unknown_language_is_one_clear_line() -> None:
    result = run("--lang", "xx")
    assert (result.exit_code, result.output.count("\n")) == (2, 1)


def test_whole_numbers_may_be_written_as_powers() -> None:
    assert read_configuration(["tokens=3E11", " layers = 4 "]) == configuration(tokens=3 * 10**11, layers=4)


def test_expressions_use_nothing_but_names_and_arithmetic() -> None:
    seen = set(INPUTS)
    for quantity in QUANTITIES:
        names = set(quantity.expression.translate(str.maketrans("()+-*/0123456789", " " * 16)).split())
        assert names <= seen, quantity.name
        seen.add(quantity.name)


def test_languages_name_every_column() -> None:
    for language in ("en", "zh"):
        messages = load_messages(language)
        for name in (*INPUTS, *(q.name for q in QUANTITIES)):
            assert messages(f"size.column.{name}")
