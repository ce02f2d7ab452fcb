"""Published models: their configurations and the parameter counts they are known by."""

from __future__ import annotations

from xltransformer.record import record
from xltransformer.size.configuration import Configuration, configuration


@record
class Published:
    """A model as it was published.

    `stated` is the count its source states, rounded to whole `rounding`s. `exact` is the number of
    weights of the released model, where it was released. Both include the embeddings, and the
    output's weights only where they are not those of the embeddings.
    """

    name: str
    source: str
    stated: int
    rounding: int
    exact: int | None
    configuration: Configuration


M, B = 10**6, 10**9


def _paper(*, training_pairs: int, d_model: int, heads: int, d_ff: int) -> Configuration:
    """A model of Vaswani et al. 2017: sinusoidal positions, norms after each sub-layer, biases in the
    feed-forward only (equation 2), one matrix for both embeddings and the output (section 3.4). The
    context is not the paper's, which names none."""
    return configuration(
        layers=6, decoder_layers=6, d_model=d_model, heads=heads, d_ff=d_ff, vocabulary=37000, positions=0,
        attention_biases=0, final_norms=0, causal=0, context=512, tokens=training_pairs,
    )  # fmt: skip


def _bert(*, layers: int, d_model: int, heads: int) -> Configuration:
    """A model of Devlin et al. 2018, uncased: three tables of embeddings with a norm, and the pooler;
    without the head that predicts masked words. Trained on 250 B tokens (Brown et al. 2020, table D.1)."""
    return configuration(
        layers=layers, d_model=d_model, heads=heads, vocabulary=30522, positions=512, segments=2,
        embeddings_norm=1, final_norms=0, predicts=0, pooler=1, causal=0, context=512, tokens=250 * B,
    )  # fmt: skip


def _gpt2(*, layers: int, d_model: int, heads: int) -> Configuration:
    """A model of Radford et al. 2019; on how many tokens it was trained is not published."""
    return configuration(layers=layers, d_model=d_model, heads=heads, vocabulary=50257, positions=1024)


PUBLISHED = (
    # "Attention Is All You Need", table 3, base: 65 M; English-German, "about 37000 tokens" (section 5.1).
    # These sizes give 63.0 M and, below, 214.2 M: no single vocabulary gives the paper's two counts
    # (65 M takes 39,841 to 41,793 tokens, 213 M takes 35,368 to 36,344). With 41,100 tokens the base
    # model and all of the table's rows B and C come out.
    # Trained for 100,000 steps of about 25,000 source and as many target tokens (sections 5.1, 5.2).
    Published(
        "Transformer base", "Vaswani et al. 2017, arXiv:1706.03762", 65 * M, M, None,
        _paper(d_model=512, heads=8, d_ff=2048, training_pairs=100_000 * 25_000),
    ),
    # The same table, big: 213 M; 300,000 steps.
    Published(
        "Transformer big", "Vaswani et al. 2017, arXiv:1706.03762", 213 * M, M, None,
        _paper(d_model=1024, heads=16, d_ff=4096, training_pairs=300_000 * 25_000),
    ),
    # "Improving Language Understanding by Generative Pre-Training"; 117 M is table 2 of Radford et al.
    # 2019, where the smallest size is the original GPT's. The released model has 40,478 tokens, 512
    # positions, norms after each sub-layer.
    Published(
        "GPT-1", "Radford et al. 2018, 2019", 117 * M, M, 116_534_784,
        configuration(layers=12, d_model=768, heads=12, vocabulary=40478, positions=512, final_norms=0,
                      context=512),
    ),
    # "BERT", section 3: base 110 M, large 340 M, which is to the nearest ten million.
    Published(
        "BERT base", "Devlin et al. 2018, arXiv:1810.04805", 110 * M, 10 * M, 109_482_240,
        _bert(layers=12, d_model=768, heads=12),
    ),
    Published(
        "BERT large", "Devlin et al. 2018, arXiv:1810.04805", 340 * M, 10 * M, 335_141_888,
        _bert(layers=24, d_model=1024, heads=16),
    ),
    # "Language Models are Unsupervised Multitask Learners", table 2, states 117, 345, 762 and 1542 M; its
    # repository, github.com/openai/gpt-2, says that these were wrong and names the models 124M, 355M,
    # 774M and 1558M.
    Published(
        "GPT-2 small", "Radford et al. 2019, openai/gpt-2", 124 * M, M, 124_439_808,
        _gpt2(layers=12, d_model=768, heads=12),
    ),
    Published(
        "GPT-2 medium", "Radford et al. 2019, openai/gpt-2", 355 * M, M, 354_823_168,
        _gpt2(layers=24, d_model=1024, heads=16),
    ),
    Published(
        "GPT-2 large", "Radford et al. 2019, openai/gpt-2", 774 * M, M, 774_030_080,
        _gpt2(layers=36, d_model=1280, heads=20),
    ),
    Published(
        "GPT-2 XL", "Radford et al. 2019, openai/gpt-2", 1558 * M, M, 1_557_611_200,
        _gpt2(layers=48, d_model=1600, heads=25),
    ),
    # "Language Models are Few-Shot Learners", table 2.1: 96 layers, 12288, 96 heads of 128, 2048 words
    # of context; table D.1: 174,600 M parameters, 300 B tokens, 3.14E+23 operations to train.
    Published(
        "GPT-3 175B", "Brown et al. 2020, arXiv:2005.14165", 174_600 * M, 100 * M, None,
        configuration(layers=96, d_model=12288, heads=96, vocabulary=50257, positions=2048, context=2048,
                      tokens=300 * B),
    ),
    # "LLaMA", table 2: 6.7 B, 1.0 T tokens. Gated feed-forward of 11,008, RMS norms, rotary positions,
    # no biases, output weights of its own; 32,000 tokens.
    Published(
        "LLaMA 7B", "Touvron et al. 2023, arXiv:2302.13971", 6700 * M, 100 * M, 6_738_415_616,
        configuration(layers=32, d_model=4096, heads=32, d_ff=11008, vocabulary=32000, positions=0, gated=1,
                      attention_biases=0, feed_forward_biases=0, norm_numbers=1, tied=0, context=2048,
                      tokens=1000 * B),
    ),
)  # fmt: skip
"""In the order in which they appeared."""
