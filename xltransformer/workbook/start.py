"""The first sheet: the sentences, the switches, the pictures, the map, the checks."""

from __future__ import annotations

from xltransformer.graph import Matrix, Sentence, Watch
from xltransformer.instance import Instance
from xltransformer.locale import Messages
from xltransformer.ops import chosen
from xltransformer.template import Texts
from xltransformer.text import word_key
from xltransformer.workbook.book import TOLERANCE, Book
from xltransformer.workbook.canvas import Canvas, cell_range, spaced, text_width
from xltransformer.workbook.checks import every_check
from xltransformer.workbook.panels import step_title
from xltransformer.workbook.pictures import Captions, attention_chart, plane_chart
from xltransformer.workbook.places import Place
from xltransformer.workbook.styles import BAD, GOOD

Contents = list[tuple[Canvas, list[tuple[str, int]]]]
"""The sheets of the sections, each with the heading and row of its steps."""

SLOT, WORD, INDEX, PADDING, MAP = 1, 2, 3, 4, 6
"""Columns: slot number, word, its row in the vocabulary, whether it counts, and the attention map
with its labels one column before."""
TOP = 5


def letters(instance: Instance) -> list[str]:
    """A, B, C, … for the sentences, after Z plain numbers; one empty text where there is one only."""
    several = len(instance.model.sentences) > 1
    return [
        ("" if not several else chr(65 + s) if s < 26 else str(s + 1))
        for s in range(len(instance.model.sentences))
    ]


def told(instance: Instance, texts: Texts, messages: Messages) -> str:
    """A text of the template's in the workbook's language; none for sentences that it cannot speak of,
    because the word it watches is not in them."""
    template, watch = instance.template, instance.model.watch
    if watch is not None and template.watch not in (None, instance.inputs[watch.word.name][0, 0]):
        return ""
    return texts.get(messages.language) or next(iter(texts.values()), "")


class Start:
    """Draws the first sheet in two goes: what others point at, then what points at others."""

    def __init__(self, book: Book, sheet: Canvas, instance: Instance) -> None:
        self.book, self.sheet, self.instance = book, sheet, instance
        self.messages, self.model = book.messages, instance.model
        self.letters = letters(instance)
        self.row = TOP
        self._head()
        self._score()
        self._controls()
        for letter, sentence, watched in self._sentences():
            self._sentence(letter, sentence, watched)

    def _score(self) -> None:
        """The student's score, step by step and in total."""
        book, sheet, messages = self.book, self.sheet, self.messages
        if not book.exercise:
            return
        self._heading(messages("exercise.title"))
        sheet.paragraph(self.row, SLOT, messages("exercise.help", tolerance=TOLERANCE), "question")
        self.row += 1
        steps: dict[tuple[str, int], list[Matrix]] = {}
        left = set(book.exercise)
        for section in self.model.sections:
            lesson = messages(f"section.{section.key}.title", layer=(section.layer or 0) + 1)
            for step in section.steps:
                blocks = [block for block in step.blocks if block in left]
                left.difference_update(blocks)
                if blocks and section.sentence is not None:  # each head of a layer has the same steps
                    steps.setdefault((f"{lesson}: {step_title(book, step)}", section.sentence), []).extend(blocks)
        for (title, s), blocks in steps.items():
            label = f"{title}{spaced(self.letters[s])}"
            self._score_line(label, blocks, "remark")
        self._score_line(messages("exercise.total"), [b for blocks in steps.values() for b in blocks], "row_text")
        self.row += 1

    def _score_line(self, label: str, blocks: list[Matrix], style: str) -> None:
        book, sheet, cells = self.book, self.sheet, sum(block.size for block in blocks)

        def formula() -> str:
            counts = (f"COUNTIF({book.verdicts[b].seen_from(sheet.name).all},1)" for b in blocks)
            return f'{"+".join(counts)}&" / {cells}"'

        book.formula(sheet, self.row, WORD, formula, f"0 / {cells}", "verdict")
        sheet.text(self.row, INDEX, label, style)
        self.row += 1

    def _sentences(self) -> list[tuple[str, Sentence, int]]:
        return [
            (letter, s, k) for k, (letter, s) in enumerate(zip(self.letters, self.model.sentences, strict=True))
        ]

    def _head(self) -> None:
        sheet = self.sheet
        title = told(self.instance, self.instance.template.title, self.messages)
        title = title or self.messages("start.title")
        sheet.text(0, 1, title, "title")
        sheet.heights[0] = 28
        sheet.paragraph(1, 1, self.messages("start.intro"), "intro")
        slots = max(sentence.words.shape[0] for sentence in self.model.sentences)
        words = [str(w) for s in self.model.sentences for w in self.book.values[s.words.name].ravel()]
        widest = max(text_width(word) for word in words)
        sheet.default_width = max(5.5, min(max(8.0, widest * 1.1), 62 / slots))
        sheet.widths = {
            0: 2,
            SLOT: 5,
            WORD: min(48.0, max(14.0, widest * 1.3)),
            INDEX: 7,
            PADDING: 7,
            MAP - 1: min(18.0, max(9.0, widest * 1.3)),
        }
        self.map_columns = max(slots, 8)
        self.remark = MAP + self.map_columns
        sheet.widths[self.remark] = 24

    def _heading(self, text: str) -> None:
        self.sheet.text(self.row, 1, text, "section")
        self.sheet.heights[self.row] = 21
        for column in range(2, self.remark + 1):
            self.sheet.blank(self.row, column, ("section", ""))
        self.row += 1

    def _controls(self) -> None:
        """The watched word, the switches, the plane: a cell to edit, and what it means."""
        self._heading(self.messages("start.controls"))
        watch = self.model.watch
        if watch is not None:
            self._control(watch.word, self.messages("start.watch"))
            for letter, blocks in zip(self.letters, watch.sentences, strict=False):
                self._control(blocks.other, self.messages("start.other", letter=spaced(letter)))
            if watch.lesson is not None:
                self._lesson_control(watch, watch.lesson)
            self._control(watch.across, self.messages("start.across"))
            self._control(watch.up, self.messages("start.up"))
        for switch in self.model.switches:
            self._switch(switch)
        self.row += 1

    def _control(self, block: Matrix, note: str) -> str:
        address = self.book.draw(block, self.sheet, self.row, WORD, labelled=False).address(0, 0)
        if note:
            self.sheet.text(self.row, INDEX, note, "remark")
        self.row += 1
        return address

    def _lesson_control(self, watch: Watch, block: Matrix) -> None:
        row, address = self.row, self._control(block, "")
        names = [self._lesson_name(lesson) for lesson in watch.lessons]
        prefix = self.messages("start.lesson", last=len(names))
        shown = prefix + names[int(self.book.values[block.name][0, 0]) - 1]
        named = chosen(address, [f'"{name}"' for name in names])
        formula = f'"{prefix}"&IFERROR({named},"?")'
        self.book.formula(self.sheet, row, INDEX, lambda: formula, shown, "remark")

    def _lesson_name(self, lesson: str) -> str:
        """A lesson by its section's title; a head by its number, in its layer where there are several."""
        *layer, head = lesson.rpartition("head.")[::2]
        if "head." not in lesson:
            return self.messages(f"section.{lesson}.title")
        if layer[0]:
            return self.messages("start.layer_head", layer=int(layer[0].strip(".")) + 1, head=int(head) + 1)
        return self.messages("start.head", head=int(head) + 1)

    def _switch(self, switch: Matrix) -> None:
        row, messages, key = self.row, self.messages, switch.last_name
        cell = self._control(switch, "")
        value = float(self.book.values[switch.name][0, 0])
        if switch.scale == "gate":
            on, off = messages(f"switch.{key}_on"), messages(f"switch.{key}_off")
            formula, shown = f'IF({cell}=0,"{off}","{on}")', on if value else off
        else:
            good, bad = messages(f"switch.{key}_note"), messages(f"switch.{key}_bad")
            formula, shown = f'IF(IFERROR({cell}>0,FALSE),"{good}","{bad}")', good
        self.book.formula(self.sheet, row, INDEX, lambda: formula, shown, "remark")

    def _sentence(self, letter: str, sentence: Sentence, s: int) -> None:
        """The words to edit, and beside them what each one attends to."""
        book, sheet, messages = self.book, self.sheet, self.messages
        slots, top = sentence.words.shape[0], self.row
        self._heading(messages("start.sentence", letter=spaced(letter)))
        book.draw(sentence.text, sheet, top, INDEX, labelled=False)
        for key, column in (("slot", SLOT), ("word", WORD), ("index", INDEX), ("padding", PADDING)):
            sheet.text(self.row, column, messages(f"start.{key}"), "column_label")
        first = self.row + 1
        book.draw(sentence.words, sheet, first, WORD, labelled=False)
        book.draw(sentence.index, sheet, first, INDEX, labelled=False)
        book.draw(sentence.padding, sheet, first, PADDING, labelled=False)
        for i in range(slots):
            sheet.number(first + i, SLOT, i + 1, ("number", "0"))
            self._remark(sentence, i, first + i)
        watch = self.model.watch
        self.row = first + slots
        if watch is not None and s < len(watch.sentences) and not book.exercise:
            blocks = watch.sentences[s]
            if blocks.weights.shape[0] == slots:
                book.draw(blocks.weights, sheet, first, MAP)
            book.draw(blocks.attention, sheet, self.row + 1, MAP)
            sheet.text(self.row + 1, WORD, messages("start.attention"), "remark")
            self.row += 2
        self.row += 1

    def _remark(self, sentence: Sentence, i: int, row: int) -> None:
        """Why a word does not count, in plain words."""
        known = self.model.vocabulary
        assert known is not None
        words, index = self.book.homes[sentence.words], self.book.homes[sentence.index]
        twice, unknown = self.messages("start.twice"), self.messages("start.unknown")
        word, found = words.address(i, 0), index.address(i, 0)

        def formula() -> str:
            listed = self.book.ref(known.words, self.sheet).column(0)
            count = f'SUMPRODUCT(({listed}&""={word}&"")*1)'
            return f'IF({word}="","",IF({found}>0,"",IF({count}>1,"{twice}","{unknown}")))'

        missing = self.book.values[sentence.words.name][i, 0] and not self.book.values[sentence.index.name][i, 0]
        self.book.formula(self.sheet, row, self.remark, formula, unknown if missing else "", "warning")

    def finish(self, vocabulary: Canvas, extra: list[Canvas], contents: Contents, changes: Place | None) -> None:
        """The pictures, the map, the checks with their sum at the top, and the legend."""
        self._map(vocabulary, extra, contents)
        self._checks(changes)
        self._legend()
        if self.model.watch is not None and not self.book.exercise:
            captions = self._captions(self.model.watch)
            self._pictures(captions)
            for section, (sheet, _) in zip(self.model.sections, contents, strict=True):
                if section.key == "compare":
                    self.book.later(lambda sheet=sheet: self._beside(sheet, captions))  # type: ignore[misc]

    def _beside(self, sheet: Canvas, captions: Captions) -> None:
        """The picture to the right of all that a sheet holds by now."""
        chart = plane_chart(self.book, self.model, captions, TOP, sheet.right + 2, (520, 420))
        sheet.charts.append(chart)

    def _captions(self, watch: Watch) -> Captions:
        """Texts that the charts show, as cells under the sentences."""
        book, sheet, messages = self.book, self.sheet, self.messages
        self.row += 1
        self._heading(messages("start.captions"))

        def caption(shown: str, formula: str) -> Place:
            place = Place(sheet.name, self.row, WORD, (1, 1))
            book.formula(sheet, self.row, WORD, lambda: formula, shown, "row_text")
            self.row += 1
            return place

        word = str(book.values[watch.word.name][0, 0])
        cell = book.homes[watch.word].address(0, 0)
        moves = messages("start.moves")
        plane = caption(f"“{word}” {moves}", f'"“"&{cell}&"” {moves}"')
        after, bars, names = [], [], []
        looks = messages("start.looks")
        for letter, sentence in zip(self.letters, self.model.sentences[: len(watch.sentences)], strict=False):
            text = book.homes[sentence.text].address(0, 0)
            shown = str(book.values[sentence.text.name][0, 0])
            where = letter or messages("label.after")
            after.append(caption(f"{word} ({where})", f'{cell}&" ({where})"'))
            bars.append(caption(f"“{word}” {looks} {shown}", f'"“"&{cell}&"” {looks} "&{text}'))
        for s, sentence in enumerate(self.model.sentences[: len(watch.sentences)]):
            names.append(self._point_names(watch, s, sentence))
        self.row += max(place.shape[0] for place in names)
        return Captions(plane, names, after, bars)

    def _point_names(self, watch: Watch, s: int, sentence: Sentence) -> Place:
        """A sentence's words as the picture names them: not the watched word, which has a point of
        its own, nor a word that an earlier sentence has already. A space stands for no name."""
        book, sheet, n = self.book, self.sheet, sentence.words.shape[0]
        place = Place(sheet.name, self.row, WORD + s, (n, 1))
        words, watched = book.homes[sentence.words], book.homes[watch.word].address(0, 0)
        earlier = [earlier.words for earlier in self.model.sentences[:s]]
        taken = {word_key(str(w)) for block in [watch.word, *earlier] for w in book.values[block.name].ravel()}
        for k in range(n):
            word = words.address(k, 0)
            listed = [book.ref(block, sheet).column(0) for block in earlier]
            found = "+".join([f"({word}={watched})*1", *(f"SUMPRODUCT(({column}={word})*1)" for column in listed)])
            text = str(book.values[sentence.words.name][k, 0])
            shown = text if text and word_key(text) not in taken else " "
            formula = f'IF({word}=""," ",IF({found}>0," ",{word}&""))'
            book.formula(sheet, self.row + k, WORD + s, lambda formula=formula: formula, shown, "remark")  # type: ignore[misc]
        return place

    def _pictures(self, captions: Captions) -> None:
        column, width = self.remark + 1, 520
        self.sheet.charts.append(plane_chart(self.book, self.model, captions, TOP, column, (width, 420)))
        height = max(150, 60 + 22 * max(s.words.shape[0] for s in self.model.sentences))
        for s in range(min(2, len(captions.bars))):
            row = TOP + 20 + s * (height // 21 + 1)
            chart = attention_chart(self.book, self.model, captions, s, row, column, (width, height))
            self.sheet.charts.append(chart)

    def _checks(self, changes: Place | None) -> None:
        book, sheet, messages = self.book, self.sheet, self.messages
        checks = every_check(book, sheet, self.model, self.letters)
        self.row += 1
        heading = self.row
        self._heading(messages("start.checks"))
        first = self.row
        for check in checks:
            sheet.text(self.row, INDEX, check.text, "remark")
            book.formula(sheet, self.row, WORD, check.formula, 1.0, "verdict", messages("number.verdict"))
            target = Canvas(check.look.sheet).target(check.look.row, check.look.column)
            sheet.link(self.row, SLOT, target, messages("start.go"))
            self.row += 1
        verdicts = Place(sheet.name, first, WORD, (len(checks), 1))
        where = verdicts.seen_from(sheet.name).column(0)
        texts = Place(sheet.name, first, INDEX, (len(checks), 1)).seen_from(sheet.name).column(0)
        for value, look in ((1, GOOD), (0, BAD)):
            rule = {"type": "cell", "criteria": "==", "value": value, "format": look}
            sheet.conditions.append((cell_range(first, WORD, (len(checks), 1)), rule))
        well, look_at = messages("start.well"), messages("start.look_at")
        formula = f'IF(MIN({where})=1,"{well}","{look_at}"&INDEX({texts},MATCH(0,{where},0)))'
        book.formula(sheet, 2, WORD, lambda: formula, well, "status")
        sheet.link(2, SLOT, sheet.target(heading, 1), messages("start.go"))
        bad = f"=MIN({verdicts.absolute.partition('!')[2]})<>1"
        sheet.conditions.append((cell_range(2, WORD, (1, 1)), {"type": "formula", "criteria": bad, "format": BAD}))
        if changes is not None:
            self._changes(changes)

    def _changes(self, changes: Place) -> None:
        """One line on how far the edits have moved attention and outputs."""
        none, some = self.messages("start.unchanged"), self.messages("start.changed")
        largest = f"MAX({changes.seen_from(self.sheet.name).all})"
        formula = f'IF(ISERROR({largest}),"",IF({largest}<0.000001,"{none}","{some}"&FIXED({largest},2,TRUE)))'
        self.book.formula(self.sheet, 3, WORD, lambda: formula, none, "remark")
        self.sheet.link(3, SLOT, Canvas(changes.sheet).target(), self.messages("start.go"))

    def _map(self, vocabulary: Canvas, extra: list[Canvas], contents: Contents) -> None:
        sheet = self.sheet
        self.row += 1
        self._heading(self.messages("start.map"))
        for canvas in (vocabulary, *extra):
            sheet.link(self.row, SLOT, canvas.target(), canvas.name)
            self.row += 1
        for section, steps in contents:
            if section.hidden:
                continue
            sheet.link(self.row, SLOT, section.target(), section.name)
            for k, (heading, at) in enumerate(steps):
                if k and k % self.map_columns == 0:
                    self.row += 1
                number, _, title = heading.partition("  ")
                sheet.link(self.row, MAP + k % self.map_columns, section.target(at), number, title)
            self.row += 1

    def _legend(self) -> None:
        self.row += 1
        self._heading(self.messages("start.legend"))
        for key, style in (("input", "input"), ("weight", "weight"), ("formula", "computed"), ("grey", "grey")):
            self.sheet.number(self.row, WORD, 0.5, (style, "0.00"))
            self.sheet.text(self.row, INDEX, self.messages(f"start.legend_{key}"), "remark")
            self.row += 1
