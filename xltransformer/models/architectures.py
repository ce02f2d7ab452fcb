"""The architectures: encoder, decoder, both, BERT and GPT, each as its paper's figure reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from xltransformer.errors import UserError
from xltransformer.graph import EMBEDDING, Attended, Axis, Matrix, Scope
from xltransformer.models.begin import STACK, architecture, begin
from xltransformer.models.sizes import Sizes
from xltransformer.nn.architecture import Architecture
from xltransformer.nn.attention import AttentionOptions, padding_mask
from xltransformer.nn.decoder import Decoder, DecoderStack, decoder, decoder_weights
from xltransformer.nn.embedding import embed
from xltransformer.nn.encoder import Encoder, Stack, encoder, encoder_weights
from xltransformer.nn.linear import bias, linear
from xltransformer.nn.norm import BERT_EPSILON, norm, norm_weights
from xltransformer.nn.positions import BASE, add_positions, learned_positions, sinusoidal
from xltransformer.nn.prediction import predict, runners_up
from xltransformer.ops import Row, add, add_row, first_rows, gelu_erf, matmul, row_products, write_next
from xltransformer.record import record
from xltransformer.teaching.headline import heads_headline, looks, prediction_headline, writing_headline
from xltransformer.teaching.lesson import Goal, Lesson, Watch
from xltransformer.teaching.pictures import Answer, Fact, Headline, Map, Writing
from xltransformer.teaching.watch import watch, watched_word


def encoder_model(sizes: Sizes) -> Lesson:
    """The paper's encoder: embeddings, sinusoidal positions, N layers. Options: those of a
    stack, and `final_norm`: whether a norm stands after them."""
    model, known = begin(sizes, *STACK, "final_norm")
    word = watched_word(model)
    a = architecture(model, sizes, known.embeddings.columns)
    w = encoder_weights(model.scope("encoder"), a, sizes.count("layers", 2), final_norm=_final_norm(sizes, a))
    base = model.scope("positions").constant("base", BASE, positive=True)
    read = read_sentences(model, "encoder", w, lambda h, X: sinusoidal(h.scope("positions"), X, base))
    model.goals = read.goals(model)
    model.watch = watched = watch(model, word, read.inputs, read.heads)
    model.headline = heads_headline(model, watched, read.heads)
    return model


def decoder_model(sizes: Sizes) -> Lesson:
    """The paper's decoder by itself: the words of the second sentence, the target, look at those of
    the first, the source, as they are embedded and placed; the complete model puts an encoder
    between. Options: those of a stack, and `final_norm`."""
    model, known = begin(sizes, *STACK, "final_norm")
    a = architecture(model, sizes, known.embeddings.columns)
    w = decoder_weights(model.scope("decoder"), a, sizes.count("layers", 2), final_norm=_final_norm(sizes, a))
    base = model.scope("positions").constant("base", BASE, positive=True)
    with model.section("embedding", sentence=0):
        read = embed(model.scope("memory", "words"), model.sentences[0].index, known)
        memory = sinusoidal(model.scope("memory", "positions"), read, base)
    embedded, written = _decode(model, memory, w, base)
    target = model.sentences[1]
    model.goals = [Goal(written.output, 1, target.padding, like=embedded)]
    own, across = _maps(written.layers[0].own), _maps(written.layers[0].across)
    model.headline = Headline(
        [*(Map("look_back", block, part) for part, block in own[:2]),
         *(Map("look_across", block, part) for part, block in across[:2])],
        _looks_across(model, across),
    )  # fmt: skip
    return model


def encoder_decoder(sizes: Sizes) -> Lesson:
    """The complete model of the paper: the first sentence is the source; the second is the target,
    which the model goes on writing. Options: those of a stack, `encoder_layers` and `decoder_layers`
    where they differ, `final_norm`, `tied`, and `end`, the word after which it stops."""
    model, known = begin(sizes, *STACK, "encoder_layers", "decoder_layers", "final_norm", "tied", "end")
    word = watched_word(model)
    source = model.sentences[0]
    a = architecture(model, sizes, known.embeddings.columns)
    layers = sizes.count("layers", 1)
    layers, written_by = sizes.count("encoder_layers", layers), sizes.count("decoder_layers", layers)
    final_norm = _final_norm(sizes, a)
    one = encoder_weights(model.scope("encoder"), a, layers, final_norm=final_norm)
    two = decoder_weights(model.scope("decoder"), a, written_by, final_norm=final_norm)
    base = model.scope("positions").constant("base", BASE, positive=True)
    e = model.scope("encoder")
    with model.section("embedding", sentence=0):
        read = embed(e.scope("words"), source.index, known)
        X = sinusoidal(e.scope("positions"), read, base)
        mask = padding_mask(e, source.padding, source.padding)
    stack = encoder(e, X, one, AttentionOptions(mask), sentence=0)
    _, written = _decode(model, stack.output, two, base)
    write_on(model, sizes, {1: written.output})
    model.watch = watch(model, word, [read], every_head([stack]))
    across = _maps(written.layers[-1].across)
    text = model.sentences[1].text
    model.headline = Headline(
        [Writing("written", text), *(Map("look_across", block, part) for part, block in across[:2])],
        [Answer("writes", {"source": Fact(source.text), "target": Fact(text)}), *_looks_across(model, across)],
    )
    return model


def bert(sizes: Sizes) -> Lesson:
    """BERT: encoder only, token + position + segment embeddings; a masked word is predicted from both
    sides. Devlin et al. 2019. Options: those of a stack; `segments`: see `bert_stack`; `head`: whether
    the head that predicts words is there; without it the model ends with its last hidden state."""
    model, known = begin(sizes, *STACK, "head", "segments")
    read, watched, epsilon = bert_stack(model, sizes)
    if not sizes.flag("head", True):
        model.goals = read.goals(model)
        model.headline = heads_headline(model, watched, read.heads)
        return model
    width, top = known.embeddings.columns, model.scope()
    p = top.scope("prediction")
    W, b = p.input("W", width, width, "parameter"), bias(p, "b", width)
    prediction_norm = norm_weights(p.scope("norm"), width, epsilon)
    output_bias = bias(top.scope("output"), "b", Axis.of(known.words))
    probabilities = []
    for s, (g, output, words) in enumerate(zip(model.scopes, read.outputs, model.sentences, strict=True)):
        q = g.scope("prediction")
        with model.section("prediction", sentence=s):
            with q.step("gelu_erf"):
                activated = q.add("activated", gelu_erf(q.add("inner", linear(output, W, b))))
            ready = norm(q.scope("norm"), activated, prediction_norm)
            found = predict(q, row_products(ready, known.embeddings, output_bias), known.words)
            probabilities.append(found.probabilities)
        model.goals.append(Goal(found.logits, s, words.padding, words=True))
    model.headline = prediction_headline(model, watched, probabilities, "hidden_word")
    return model


@record
class Read:
    """What a stack makes of every sentence: the words as they go in and the states that come out (n x d each),
    and the attention of every head of every layer, by names such as `0.head.1`."""

    inputs: Sequence[Matrix]
    outputs: Sequence[Matrix]
    heads: Mapping[str, Sequence[Attended]]

    def goals(self, model: Lesson) -> list[Goal]:
        """The last hidden states as what is to be reached, where no head predicts words from them."""
        each = zip(self.outputs, self.inputs, model.sentences, strict=True)
        return [Goal(output, s, words.padding, like=X) for s, (output, X, words) in enumerate(each)]


def read_sentences(
    model: Lesson,
    part: str,
    w: Encoder,
    place: Callable[[Scope, Matrix], Matrix],
    *,
    causal: bool = False,
    turn: Callable[[Scope, Matrix], Matrix] | None = None,
) -> Read:
    """Every sentence through the stack of that name: embedded, placed (n x d to n x d), and through the layers,
    in which queries and keys `turn`, if so."""
    inputs: list[Matrix] = []
    stacks: list[Stack] = []
    for s, (g, words) in enumerate(zip(model.scopes, model.sentences, strict=True)):
        h = g.scope(part)
        with model.section("embedding", sentence=s):
            inputs.append(embed(h.scope("words"), words.index, model.vocabulary))
            X = place(h, inputs[-1])
            angles = turn(h, X) if turn else None
            mask = padding_mask(h, words.padding, words.padding, causal=causal)
        stacks.append(encoder(h, X, w, AttentionOptions(mask, causal=causal, angles=angles), sentence=s))
    return Read(inputs, [stack.output for stack in stacks], every_head(stacks))


def bert_stack(model: Lesson, sizes: Sizes) -> tuple[Read, Watch, Matrix]:
    """BERT up to its last hidden states, what is watched in it, and the epsilon of its norms: embeddings of
    words, positions and segments, their norm, and the layers, over each sentence.

    `segments` are the kinds of segments that the model knows, 2 where the options do not say: 1 in
    RoBERTa (Liu et al. 2019), none in DistilBERT (Sanh et al. 2019). Every word is of the first kind.
    """
    word = watched_word(model)
    width = model.vocabulary.embeddings.columns
    a = architecture(model, sizes, width, activation="gelu_erf", epsilon=BERT_EPSILON)
    top, slots = model.scope(), max(sizes.slots)
    positions = learned_positions(top, slots, width)
    kinds = sizes.count("segments", 2, least=0)
    segments = (
        top.input("segment_embeddings", Axis.numbered("", kinds), width, "parameter", initial=EMBEDDING)
        if kinds
        else None
    )
    embedding_norm = norm_weights(top.scope("embedding_norm"), width, a.epsilon)
    w = encoder_weights(top.scope("encoder"), a, sizes.count("layers", 2))

    def place(h: Scope, X: Matrix) -> Matrix:
        with h.step("add_positions"):
            total = h.add("placed", add(X, h.add("position", first_rows(positions, X))))
            if segments is not None:
                total = h.add("sum", add_row(total, h.add("segment", Row(0)(segments))))
        return norm(h.scope("embedding_norm"), total, embedding_norm)

    read = read_sentences(model, "encoder", w, place)
    model.watch = watch(model, word, read.inputs, read.heads)
    return read, model.watch, a.epsilon


def gpt(sizes: Sizes) -> Lesson:
    """GPT-2: decoder only, learned positions, norms before; the next word is predicted, and written.

    Radford et al. 2019. Options: those of a stack, `tied`: whether the output weights are the
    embeddings, `end`, the word after which it stops, and `maps`, the heads such as "0.head.1" whose
    attention the first screen shows.
    """
    model, known = begin(sizes, *STACK, "tied", "end", "maps")
    word = watched_word(model)
    width = known.embeddings.columns
    a = architecture(model, sizes, width, activation="gelu_tanh", pre_norm=True)
    top = model.scope()
    positions = learned_positions(top, max(sizes.slots), width)
    w = encoder_weights(top.scope("decoder"), a, sizes.count("layers", 2), final_norm=True)

    def place(h: Scope, X: Matrix) -> Matrix:
        with h.step("add_positions"):
            at = h.add("position", first_rows(positions, X))
        return add_positions(h, X, at)

    read = read_sentences(model, "decoder", w, place, causal=True)
    found = write_on(model, sizes, dict(enumerate(read.outputs)))
    model.watch = watched = watch(model, word, read.inputs, read.heads)
    shown = [Map("head", read.heads[part][0].weights, part) for part in _shown(sizes, read.heads)]
    model.headline = writing_headline(model, watched, found, shown)
    return model


def _shown(sizes: Sizes, heads: Collection[str]) -> list[str]:
    """The heads that the option `maps` names, else UserError."""
    named = sizes.options.get("maps", [])
    if not isinstance(named, list) or not all(name in heads for name in named):
        raise UserError(f"[sizes] maps is {named!r:.60}: give a list of heads, of {', '.join(heads)}")
    return named


def _final_norm(sizes: Sizes, a: Architecture) -> bool:
    """Whether a norm stands after the last layer: by itself where norms come before."""
    return sizes.flag("final_norm", a.pre_norm)


def _decode(model: Lesson, memory: Matrix, w: Decoder, base: Matrix) -> tuple[Matrix, DecoderStack]:
    """The second sentence, as it is embedded, and through the decoder, which looks at the `memory` of the
    first."""
    known, (source, target), d = model.vocabulary, model.sentences, model.scope("decoder")
    with model.section("embedding", sentence=1):
        embedded = embed(d.scope("words"), target.index, known)
        Y = sinusoidal(d.scope("positions"), embedded, base)
        own = padding_mask(d, target.padding, target.padding, causal=True)
        across = padding_mask(d.scope("cross"), target.padding, source.padding)
    return embedded, decoder(d, Y, memory, w, mask=own, memory_mask=across, sentence=1)


def write_on(model: Lesson, sizes: Sizes, outputs: Mapping[int, Matrix]) -> list[Matrix]:
    """The output layer, over what is made of some sentences by their number: logits over the vocabulary, and
    the predicted word, which the next empty slot of the sentence takes, unless the sentence is at its `end`.
    Returns the probabilities (n x v) of each. Press and Wolf 2017 for output weights `tied` to the embeddings."""
    tied, end = sizes.flag("tied", True), sizes.word("end")
    known, top = model.vocabulary, model.scope("output")
    W = None if tied else top.input("W", known.embeddings.columns, Axis.of(known.words), "parameter")
    several = len(model.sentences) > 1
    last: Matrix | None = None
    probabilities = []
    for s, output in outputs.items():
        g = model.scope("sentence", str(s), "prediction") if several else model.scope("prediction")
        words = model.sentences[s].words
        with model.section("prediction", sentence=s):
            logits = row_products(output, known.embeddings) if W is None else matmul(output, W)
            found = predict(g, logits, known.words)
            goes_on = found.word
            if end is not None:
                last = last or top.constant("end", end)
                with g.step("write_next"):
                    goes_on = g.add("next", write_next(words, found.word, last))
        words.goes_on_with(goes_on)
        model.goals.append(Goal(found.logits, s, model.sentences[s].padding, words=True, next_word=True))
        probabilities.append(found.probabilities)
    return probabilities


def every_head(stacks: Sequence[Stack]) -> dict[str, list[Attended]]:
    """The attention of every head of every layer in each sentence, with the stack's output."""
    return {
        f"{layer}.head.{head}": [Attended(s.attentions[layer][head].weights, s.output) for s in stacks]
        for layer, heads in enumerate(stacks[0].attentions)
        for head in range(len(heads))
    }


def _maps(heads: Sequence[Attended]) -> list[tuple[str, Matrix]]:
    """The attention weights of every head of one attention, with the head's name."""
    return [(f"head.{head}", attended.weights) for head, attended in enumerate(heads)]


def _looks_across(model: Lesson, maps: Sequence[tuple[str, Matrix]]) -> list[Answer]:
    """In words, what the target's second word looks at most in the source, in each head."""
    source, target = model.sentences
    row = min(1, target.words.shape[0] - 1)
    answers = []
    with model.section("watch"):
        for part, weights in maps[:2]:
            ranked = runners_up(model.scope("watch", *part.split(".")), weights, weights, source.words)
            answers.append(looks(ranked, "head_looks_across", part, target.words, row))
    return answers
