"""The architectures: encoder, decoder, both, BERT and GPT, each as its paper's figure reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from xltransformer import ops
from xltransformer.errors import UserError
from xltransformer.graph import EMBEDDING, Attended, Axis, Matrix, Scope
from xltransformer.models.classified import CLASSIFIES, class_names, classify_with
from xltransformer.models.sizes import HEADS, Sizes, begin
from xltransformer.nn.attention import AttentionOptions, local_mask, padding_mask
from xltransformer.nn.classifier import Classifier, classifier, classify, read_off
from xltransformer.nn.embedding import embed
from xltransformer.nn.feed_forward import ACTIVATIONS, UNGATED
from xltransformer.nn.learned import learned
from xltransformer.nn.linear import bias, linear
from xltransformer.nn.norm import BERT_EPSILON, EPSILON, norm, norm_weights
from xltransformer.nn.positions import BASE, add_positions, learned_positions, sinusoidal
from xltransformer.nn.prediction import predict, ranked
from xltransformer.nn.relative import relative_biases, relative_table
from xltransformer.nn.sampling import choosing
from xltransformer.nn.stack import Architecture, Stack, StackMade, stack, stack_weights
from xltransformer.ops import (
    Row,
    add,
    add_row,
    count_texts,
    equals,
    first_rows,
    lookup,
    present,
    root_width,
    row_past_pads,
    row_products,
    segment_kind,
    times,
    word_index,
    write_next,
)
from xltransformer.record import record
from xltransformer.teaching.classes import class_headline
from xltransformer.teaching.headline import heads_headline, looks, prediction_headline, writing_headline
from xltransformer.teaching.lesson import Goal, Lesson, Watch
from xltransformer.teaching.pictures import Answer, Fact, Headline, Map, Writing
from xltransformer.teaching.watch import watch, watched_word

STACK = (
    "layers", "heads", "d_k", "d_v", "d_ff", "activation", "pre_norm", "rms", "biases", "feed_forward", "epsilon"
)  # fmt: skip
"""The options of a stack of layers; with `feed_forward` false it is attention only."""
WRITER = (
    *STACK,
    "attention_biases",
    "combining_bias",
    "parallel",
    "scaling",
    "local",
    "window",
    "tied",
    "end",
    "maps",
)
"""The options of a decoder that writes, further: see `writer`."""
WINDOW = 256
"""How many words a local layer looks at, as GPT-Neo has it."""
HEAD = re.compile(r"\d+\.head\.\d+")
"""The name of a head in its layer, both counted from 0."""


def architecture(
    model: Lesson,
    sizes: Sizes,
    *,
    epsilon: float = EPSILON,
    activation: str = "relu",
    pre_norm: bool = False,
    rms: bool = False,
    biases: bool = True,
) -> Architecture:
    """The sizes and choices of a stack, as the options give them, and where they do not, as they are here."""
    width, heads = model.vocabulary.embeddings.columns, sizes.count("heads", HEADS)
    each = max(1, width.size // heads)
    return Architecture(
        width=width,
        heads=heads,
        d_k=sizes.count("d_k", each),
        d_v=sizes.count("d_v", each),
        d_ff=sizes.count("d_ff", 4 * width.size),
        epsilon=model.scope().constant("epsilon", sizes.number("epsilon", epsilon), positive=True),
        activation=sizes.choice("activation", activation),
        pre_norm=sizes.flag("pre_norm", pre_norm),
        rms=sizes.flag("rms", rms),
        biases=sizes.flag("biases", biases),
        feed_forward=sizes.flag("feed_forward", True),
    )


@record
class Reading:
    """A stack over sentences: the words of each, what they are after each stage (their place, then every layer,
    the last one with the norm behind it where there is one; n x d each), and the attention of every head in
    each, with the stack's output. `last` are the heads of the last layer in each sentence as they are, and W_O
    what its layer puts them together by."""

    inputs: Sequence[Matrix]
    stages: Sequence[Sequence[Matrix]]
    heads: Mapping[str, Sequence[Attended]]
    last: Sequence[Sequence[Attended]]
    W_O: Matrix

    @property
    def outputs(self) -> list[Matrix]:
        """What comes out of the last stage, of each sentence."""
        return [stages[-1] for stages in self.stages]

    def goals(self, model: Lesson) -> list[Goal]:
        """The outputs as what is to be reached, where nothing predicts words from them."""
        each = zip(self.outputs, self.inputs, model.sentences, strict=True)
        return [Goal(output, s, words.padding, like=X) for s, (output, X, words) in enumerate(each)]


Placing = Callable[[Scope, Matrix], Matrix]
"""What is made of a sentence's vectors before the layers, in the scope of the stack."""


def read(
    model: Lesson,
    scopes: Sequence[Scope],
    w: Stack,
    place: Placing = lambda _, X: X,
    angles: Placing | None = None,
    *,
    causal: bool = False,
    relative: Matrix | None = None,
    window: Matrix | None = None,
) -> Reading:
    """A stack over the first sentences, as many as there are `scopes` for their blocks: their words are embedded,
    get their `place`, or with `angles` turn queries and keys by it, and go through the layers, of which the local
    ones look back no further than the `window` (1 x 1); the table `relative` (see `nn.relative`) has what is added
    to their scores."""
    inputs, placed, stacks = [], [], []
    for s, (g, words) in enumerate(zip(scopes, model.sentences, strict=False)):
        with model.section("embedding", sentence=s):
            inputs.append(embed(g.scope("words"), words.index, model.vocabulary))
            placed.append(X := place(g, inputs[-1]))
            turned = angles(g, X) if angles is not None else None
            biases = () if relative is None else relative_biases(g.scope("relative"), X, relative)
            far, near = _masks(g, words.padding, w, causal=causal, window=window)
        stacks.append(stack(g, X, w, AttentionOptions(far, causal, turned, biases=biases, local=near), sentence=s))
    heads = {
        f"{layer}.head.{head}": [Attended(s.layers[layer].own[head].weights, s.output) for s in stacks]
        for layer, made in enumerate(stacks[0].layers)
        for head in range(len(made.own))
    }
    stages = [
        [X, *(layer.output for layer in made.layers[:-1]), made.output]
        for X, made in zip(placed, stacks, strict=True)
    ]
    last = [made.layers[-1].own for made in stacks]
    return Reading(inputs, stages, heads, last, w.layers[-1].attention.W_O)


def _masks(
    g: Scope, padding: Matrix, w: Stack, *, causal: bool, window: Matrix | None
) -> tuple[Matrix | None, Matrix | None]:
    """The mask of the layers that look at all words, and that of the local ones (n x n each), as far as a stack
    has such layers."""
    local = [layer.attention.local for layer in w.layers]
    far = None if all(local) else padding_mask(g, padding, padding, causal=causal, beside_local=any(local))
    return far, None if window is None else local_mask(g.scope("local"), padding, window)


def sinusoids(model: Lesson, *, halves: bool = False, stretched: bool = False) -> Placing:
    """Sinusoidal positions, added to a sentence's vectors: the sines before the cosines with `halves`, and to √d
    times the vectors where they are `stretched` (Vaswani et al. 2017, section 3.4)."""
    base = model.scope("positions").constant("base", BASE, positive=True)

    def place(g: Scope, X: Matrix) -> Matrix:
        if stretched:
            with g.step("stretched"):
                X = g.add("stretched", times(X, g.add("root", root_width(X))))
        return sinusoidal(g.scope("positions"), X, base, halves=halves)

    return place


def encoder_model(sizes: Sizes) -> Lesson:
    """The paper's encoder: embeddings, sinusoidal positions, N layers. Options: those of a
    stack, `final_norm`: whether a norm stands after them, and `classes`: the names of at least two, of which it
    then says one of each sentence."""
    model, _ = begin(sizes, *STACK, "final_norm", "classes")
    word = watched_word(model)
    a = architecture(model, sizes)
    w = stack_weights(model.scope("encoder"), a, sizes.count("layers", 2), final_norm=_final_norm(sizes, a))
    found = read(model, [g.scope("encoder") for g in model.scopes], w, sinusoids(model))
    classes = sizes.names("classes")
    if len(classes) == 1:
        raise UserError(f"[sizes] classes has {classes[0]!r} alone: give at least two names, or leave it out")
    if classes:
        g = model.scope("classifier")
        _classify(model, word, found, classifier(g, a.width, class_names(model, classes)))
        return model
    model.goals = found.goals(model)
    model.watch = watched = watch(model, word, found.inputs, found.heads)
    model.headline = heads_headline(model, watched, found.heads)
    return model


def _classify(model: Lesson, word: Matrix, found: Reading, w: Classifier) -> None:
    """Which class each sentence is of, and what its words have to say in it after each stage."""
    classified, readings = [], []
    for s, g, words in model.each("classification"):
        classified.append(classify(g, found.outputs[s], words.padding, w))
    for s, g, words in model.each("reading", "word_scores"):
        reading = read_off(g, found.stages[s], words.padding, w)
        made, early = classified[s], tuple(reading.logits[:-1])
        model.goals.append(Goal(made.logits, s, made.any, words=True, names=w.names, early=early))
        readings.append(reading)
    model.watch = watched = watch(model, word, found.inputs, found.heads)
    model.headline = class_headline(model, watched, w.names, classified, readings)


def decoder_model(sizes: Sizes) -> Lesson:
    """The paper's decoder by itself: the words of the second sentence, the target, look at those of
    the first, the source, as they are embedded and placed; the complete model puts an encoder
    between. The target is written on. Options: those of a stack, `final_norm`, `tied` and `end`."""
    model, known = begin(sizes, *STACK, "final_norm", "tied", "end")
    a = architecture(model, sizes)
    layers, final_norm = sizes.count("layers", 2), _final_norm(sizes, a)
    w = stack_weights(model.scope("decoder"), a, layers, across=True, final_norm=final_norm)
    place = sinusoids(model)
    with model.section("embedding", sentence=0):
        g = model.scope("memory")
        memory = place(g, embed(g.scope("words"), model.sentences[0].index, known))
    written = _decode(model, memory, w, place)
    write_on(model, sizes, {1: written.output})
    across = _maps("look_across", written.layers[-1].across)
    model.headline = _translates(model, across)
    return model


def encoder_decoder(sizes: Sizes) -> Lesson:
    """The complete model of the paper: the first sentence is the source; the second is the target,
    which the model goes on writing. Options: those of a stack, `encoder_layers`, `decoder_layers`,
    `decoder_heads` and `decoder_d_ff` where they differ, `final_norm`, `halves` and `stretched`: see `sinusoids`,
    and those of `write_on`."""
    own = ("encoder_layers", "decoder_layers", "decoder_heads", "decoder_d_ff", "final_norm")
    model, _ = begin(sizes, *STACK, *own, "halves", "stretched", *WRITING)
    word = watched_word(model)
    a = architecture(model, sizes)
    layers = sizes.count("layers", 1)
    layers, written_by = sizes.count("encoder_layers", layers), sizes.count("decoder_layers", layers)
    final_norm = _final_norm(sizes, a)
    one = stack_weights(model.scope("encoder"), a, layers, final_norm=final_norm)
    heads, d_ff = sizes.count("decoder_heads", a.heads), sizes.count("decoder_d_ff", a.d_ff)
    if heads != a.heads:
        a = replace(a, heads=heads, d_k=max(1, a.width.size // heads), d_v=max(1, a.width.size // heads))
    a = replace(a, d_ff=d_ff)
    two = stack_weights(model.scope("decoder"), a, written_by, across=True, final_norm=final_norm)
    place = sinusoids(model, halves=sizes.flag("halves", False), stretched=sizes.flag("stretched", False))
    found = read(model, [model.scope("encoder")], one, place)
    written = _decode(model, found.outputs[0], two, place)
    write_on(model, sizes, {1: written.output})
    model.watch = watch(model, word, found.inputs, found.heads)
    across = _maps("look_across", written.layers[-1].across)
    model.headline = _translates(model, across)
    return model


def _translates(model: Lesson, across: Sequence[Map]) -> Headline:
    """What is read and what is written, and where heads look `across`."""
    source, target = (sentence.text for sentence in model.sentences)
    writes = Answer("writes", {"source": Fact(source), "target": Fact(target)})
    return Headline([Writing("written", target), *across], [writes, *_looks_across(model, across)])


def bert(sizes: Sizes) -> Lesson:
    """BERT: encoder only, token + position + segment embeddings; a masked word is predicted from both
    sides. Devlin et al. 2019. Options: those of a stack; `segments`, `relative`, `pad`: see `bert_stack`; `maps`:
    see `gpt`; `head`: whether the head that predicts words is there; without it the model ends with its last
    hidden state, or with `classes` says them (`models.classified`); `head_activation`: the head's, GELU where it
    is not given."""
    own = ("head", "head_activation", "segments", "separator", "relative", "pad", "maps")
    model, known = begin(sizes, *STACK, *own, *CLASSIFIES)
    found, watched, epsilon = bert_stack(model, sizes)
    if sizes.names("classes"):
        classify_with(model, sizes, found, watched)
        return model
    if not sizes.flag("head", True):
        model.goals = found.goals(model)
        model.headline = heads_headline(model, watched, found.heads)
        return model
    width, top = known.embeddings.columns, model.scope()
    p = top.scope("prediction")
    W, b = p.input("W", width, width, "parameter"), bias(p, "b", width)
    prediction_norm = norm_weights(p.scope("norm"), width, epsilon)
    output_bias = bias(top.scope("output"), "b", Axis.of(known.words))
    activation = sizes.choice("head_activation", "gelu_erf", UNGATED)
    probabilities = []
    for s, g, words in model.each("prediction", "hidden_word"):
        with g.step(activation):
            activated = g.add("activated", ACTIVATIONS[activation](g.add("inner", linear(found.outputs[s], W, b))))
        ready = norm(g.scope("norm"), activated, prediction_norm)
        guess = predict(g, row_products(ready, known.embeddings, output_bias), known.words)
        probabilities.append(guess.probabilities)
        model.goals.append(Goal(guess.logits, s, words.padding, words=True))
    shown = shown_heads(sizes, found.heads)
    model.headline = prediction_headline(model, watched, probabilities, "hidden_word", shown)
    return model


def bert_stack(model: Lesson, sizes: Sizes) -> tuple[Reading, Watch, Matrix]:
    """Embeddings of words, positions and segments, their norm, and the layers, over each sentence, up to the last
    hidden states; what is watched in it, and the epsilon of its norms.

    `segments` are the kinds of segments that the model knows, 2 where the options do not say: 1 in
    RoBERTa (Liu et al. 2019), none in DistilBERT (Sanh et al. 2019). Every word is of the first kind, but with a
    `separator`, a word, those behind its first place are of the second. With `relative`, distances have a say in
    the scores, as in MPNet (Song et al. 2020). With a `pad`, a word, positions stand still at it, and the first
    row of their table is its own, as in RoBERTa.
    """
    word = watched_word(model)
    a = architecture(model, sizes, activation="gelu_erf", epsilon=BERT_EPSILON)
    top = model.scope()
    filling = sizes.word("pad")
    pad = None if filling is None else top.constant("pad", filling)
    positions = learned_positions(top, max(sizes.slots) + (pad is not None), a.width)
    kinds = Axis.numbered("", sizes.count("segments", 2, least=0))
    segments = (
        top.input("segment_embeddings", kinds, a.width, "parameter", initial=EMBEDDING) if kinds.size else None
    )
    between = sizes.word("separator") if kinds.size > 1 else None
    separator = None if between is None else top.constant("separator", between)
    embedding_norm = norm_weights(top.scope("embedding_norm"), a.width, a.epsilon)
    relative = relative_table(top.scope("encoder"), a.heads) if sizes.flag("relative", False) else None
    w = stack_weights(top.scope("encoder"), a, sizes.count("layers", 2))

    def place(g: Scope, X: Matrix) -> Matrix:
        at = _rows_past_pads(g, X, positions, pad)
        with g.step("add_positions"):
            total = g.add("placed", add(X, g.add("position", first_rows(positions, X)) if at is None else at))
            if segments is not None and separator is None:
                total = g.add("sum", add_row(total, g.add("segment", Row(0)(segments))))
        if segments is not None and separator is not None:
            assert X.rows.source is not None  # the words
            with g.step("segments"):
                separates = g.add("separates", equals(X.rows.source, separator))
                kind = g.add("kind", segment_kind(separates))
                total = g.add("sum", add(total, g.add("segment", lookup(kind, segments))))
        return norm(g.scope("embedding_norm"), total, embedding_norm)

    found = read(model, [g.scope("encoder") for g in model.scopes], w, place, relative=relative)
    model.watch = watched = watch(model, word, found.inputs, found.heads)
    return found, watched, a.epsilon


def _rows_past_pads(g: Scope, X: Matrix, positions: Matrix, pad: Matrix | None) -> Matrix | None:
    """The learned positions of words among pads, (n x d); None where no word is a pad."""
    if pad is None:
        return None
    assert X.rows.source is not None  # the words
    with g.step("places"):
        pads = g.add("pads", equals(X.rows.source, pad))
        return g.add("position", lookup(g.add("row", row_past_pads(pads)), positions))


def gpt(sizes: Sizes) -> Lesson:
    """GPT-2: decoder only, learned positions, norms before; the next word is predicted, and written.

    Radford et al. 2019. Options: those of a stack and of a `writer`; `learned` and `begins`: see `_tell_learned`.
    """
    model, _ = begin(sizes, *WRITER, "learned", "begins")
    word = watched_word(model)
    a, window = writer(model, sizes, architecture(model, sizes, activation="gelu_tanh", pre_norm=True))
    positions = learned_positions(model.scope(), max(sizes.slots), a.width)
    w = stack_weights(model.scope("decoder"), a, sizes.count("layers", 2), final_norm=True)

    def place(g: Scope, X: Matrix) -> Matrix:
        with g.step("add_positions"):
            at = g.add("position", first_rows(positions, X))
        return add_positions(g, X, at)

    found = read(model, [g.scope("decoder") for g in model.scopes], w, place, causal=True, window=window)
    probabilities = write_on(model, sizes, dict(enumerate(found.outputs)))
    model.watch = watched = watch(model, word, found.inputs, found.heads)
    model.headline = writing_headline(model, watched, probabilities, shown_heads(sizes, found.heads))
    return _tell_learned(model, sizes)


def _tell_learned(model: Lesson, sizes: Sizes) -> Lesson:
    """The same with an answer that says whether the first text, told without the mark with which it `begins` and
    its end, is one of so many that were `learned`, where there are any; UserError without both marks."""
    count = sizes.count("learned", 0, least=0)
    if not count:
        return model
    begins, ends, one = sizes.word("begins"), sizes.ends(), model.sentences[0]
    if begins is None or len(ends) != 1:
        raise UserError("[sizes] learned goes with begins and end, the marks around each text: give both")
    g = model.scope("learned")
    with model.section("prediction", sentence=0), g.step("learned"):
        assert one.words.feedback is not None  # which writes nothing behind the end
        end = one.words.feedback.operands[2]
        text = g.add("text", ops.join_letters(one.words, g.constant("begins", begins), end))
        found = learned(g, one.index, count)
    facts = {"text": Fact(text), "count": Fact(g.constant("count", float(count)))}
    answer = Answer("learned", facts, 0, holds=found.known)
    model.headline = replace(model.headline, answers=[answer, *model.headline.answers])
    return model


def writer(model: Lesson, sizes: Sizes, a: Architecture) -> tuple[Architecture, Matrix | None]:
    """The stack of a decoder that writes, with its further options, and the window of its local layers (1 x 1),
    where it has any.

    `attention_biases` are those of queries, keys and values, `combining_bias` that of W_O, where they differ from
    `biases`; in `parallel` the feed-forward network reads what attention read; `scaling` is whether scores are
    divided by sqrt(d_k); the layers in `local`, counted from 0, look at the nearest words only, as many as the
    `window` says. Of what it writes, `tied` says whether the output weights are the embeddings, and `end` after
    which word it stops; `maps` are the heads such as "0.head.1" whose attention the first screen shows. Raises
    UserError for sublayers in parallel whose norms come after.
    """
    layers = sizes.count("layers", 2)
    local = tuple(k for k in sizes.numbers("local") if k < layers)
    a = replace(
        a,
        attention_biases=sizes.flag("attention_biases", a.biases),
        combining_bias=sizes.flag("combining_bias", a.biases),
        parallel=sizes.flag("parallel", False),
        scaling=sizes.flag("scaling", True),
        local=local,
    )
    if a.parallel and not (a.pre_norm and a.feed_forward):
        raise UserError("[sizes] parallel is for norms before (pre_norm) and a feed-forward network: give both")
    window = sizes.count("window", WINDOW)
    return a, model.scope("local").constant("window", float(window), positive=True) if local else None


def shown_heads(sizes: Sizes, heads: Mapping[str, Sequence[Attended]]) -> list[Map]:
    """The attention in the first sentence of the heads that the option `maps` names, as far as the model has
    them; UserError for what is no list of such names."""
    named = sizes.options.get("maps", [])
    if not isinstance(named, list) or not all(isinstance(name, str) and HEAD.fullmatch(name) for name in named):
        raise UserError(f"[sizes] maps is {named!r:.60}: give a list of heads, such as {', '.join(heads)}")
    return [Map("head", heads[part][0].weights, part) for part in named if part in heads]


def _final_norm(sizes: Sizes, a: Architecture) -> bool:
    """Whether a norm stands after the last layer: by itself where norms come before."""
    return sizes.flag("final_norm", a.pre_norm)


def _decode(model: Lesson, memory: Matrix, w: Stack, place: Placing) -> StackMade:
    """The second sentence, embedded and through the decoder, which looks at the `memory` of the first."""
    known, (source, target), d = model.vocabulary, model.sentences, model.scope("decoder")
    with model.section("embedding", sentence=1):
        Y = place(d, embed(d.scope("words"), target.index, known))
        own = AttentionOptions(padding_mask(d, target.padding, target.padding, causal=True), causal=True)
        across = AttentionOptions(padding_mask(d.scope("cross"), target.padding, source.padding))
    return stack(d, Y, w, own, memory, across, sentence=1)


WRITING = ("tied", "output_bias", "end", "never")
"""The options of an output layer that writes."""


def write_on(model: Lesson, sizes: Sizes, outputs: Mapping[int, Matrix]) -> list[Matrix]:
    """The output layer, over what is made of some sentences by their number: logits over the vocabulary, and
    the predicted word, the most likely one or one by chance (`nn.sampling`), which the next empty slot of the
    sentence takes, unless the sentence is at its `end`, or one of several. Returns the probabilities (n x v) of
    each. Press and Wolf 2017 for output weights `tied` to the embeddings; an `output_bias` is added to the logits;
    the word `never` is not written."""
    tied, ends, never = sizes.flag("tied", True), sizes.ends(), sizes.word("never")
    known, top = model.vocabulary, model.scope("output")
    W = None if tied else top.input("W", known.embeddings.columns, Axis.of(known.words), "parameter")
    b = bias(top, "b", Axis.of(known.words)) if sizes.flag("output_bias", False) else None
    barred = None if never is None else top.constant("never", never)
    may_stand: Matrix | None = None
    several = len(model.sentences) > 1
    places = max(model.sentences[s].words.shape[0] for s in outputs)
    by = cache(partial(choosing, model.scope("sampling"), model.scope("switches"), sizes.choice_words, places))
    last: list[Matrix] = []
    probabilities = []
    for s, output in outputs.items():
        g = model.scope("sentence", str(s), "prediction") if several else model.scope("prediction")
        words = model.sentences[s].words
        with model.section("prediction", sentence=s):
            if barred is not None and may_stand is None:
                with g.step("may_stand"):
                    number = top.add("never_index", word_index(barred, known.words))
                    may_stand = top.add("may_stand", ops.may_stand(known.words, number))
            given = () if b is None else (b,)
            logits = row_products(output, known.embeddings, *given) if W is None else linear(output, W, b)
            found = predict(g, logits, known.words, may_stand=may_stand, written=(words, by))
            goes_on = found.word
            if ends:
                last = last or [top.constant(_numbered("end", k), end) for k, end in enumerate(ends)]
                with g.step("write_next"):
                    for k, one in enumerate(last):
                        goes_on = g.add(_numbered("next", k), write_next(words, goes_on, one))
        words.goes_on_with(goes_on)
        model.goals.append(Goal(found.logits, s, model.sentences[s].padding, words=True, next_word=True))
        probabilities.append(found.probabilities)
    model.switches, model.draws = by().switches, by().draws
    return probabilities


def _numbered(name: str, k: int) -> str:
    """The name of the k-th of several, counted from 0; the first bears the name alone."""
    return f"{name}_{k + 1}" if k else name


def _maps(key: str, heads: Sequence[Attended]) -> list[Map]:
    """The attention weights of the first two heads of one attention."""
    return [Map(key, attended.weights, f"head.{head}") for head, attended in enumerate(heads[:2])]


def _looks_across(model: Lesson, maps: Sequence[Map]) -> list[Answer]:
    """In words, what the target's second word looks at most in the source, in each head."""
    source, target = model.sentences
    row = min(1, target.words.shape[0] - 1)
    answers = []
    with model.behind():
        for one in maps:
            h = model.scope("watch", *one.part.split("."))
            with h.step("watch_attention"):
                place = h.add(
                    "word_number", Row(row)(h.add("word_numbers", count_texts(target.words))), scale="count"
                )
                there = h.add("stands", present(place))
                own = h.add("attention", Row(row)(one.block), scale="probability")
            told = ranked(h, own, source.words, source.padding)
            facts = {"word": Fact(target.words, row), "place": Fact(place)}
            said = looks("head_looks_across", told, facts, part=one.part)
            answers.append(replace(said, holds=there))
    return answers
