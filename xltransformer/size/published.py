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


def _paper(size: str, stated: int, *, steps: int, d_model: int, heads: int, d_ff: int) -> Published:
    """A model of Vaswani et al. 2017, table 3: sinusoidal positions, norms after each sub-layer, biases in the
    feed-forward only (equation 2), one matrix for both embeddings and the output (section 3.4). The context is not
    the paper's, which names none. Trained for 100,000 or 300,000 steps of about 25,000 source and as many target
    tokens (sections 5.1, 5.2).

    English-German, "about 37000 tokens" (section 5.1): these sizes give 63.0 M and 214.2 M. No single vocabulary
    gives the paper's two counts (65 M takes 39,841 to 41,793 tokens, 213 M takes 35,368 to 36,344). With 41,100
    tokens the base model and all of the table's rows B and C come out."""
    given = configuration(
        layers=6, decoder_layers=6, d_model=d_model, heads=heads, d_ff=d_ff, vocabulary=37000, positions=0,
        attention_biases=0, final_norms=0, causal=0, context=512, tokens=steps * 25_000,
    )  # fmt: skip
    source = "Vaswani et al. 2017, arXiv:1706.03762"
    return Published(f"Transformer {size}", source, stated, M, None, given)


def _bert(size: str, stated: int, exact: int, *, layers: int, d_model: int, heads: int) -> Published:
    """A model of Devlin et al. 2018, section 3, uncased: three tables of embeddings with a norm, and the pooler;
    without the head that predicts masked words. Stated to the nearest ten million. Trained on 250 B tokens (Brown
    et al. 2020, table D.1)."""
    given = configuration(
        layers=layers, d_model=d_model, heads=heads, vocabulary=30522, positions=512, segments=2,
        embeddings_norm=1, final_norms=0, predicts=0, pooler=1, causal=0, context=512, tokens=250 * B,
    )  # fmt: skip
    return Published(f"BERT {size}", "Devlin et al. 2018, arXiv:1810.04805", stated, 10 * M, exact, given)


def _gpt2(size: str, stated: int, exact: int, *, layers: int, d_model: int, heads: int) -> Published:
    """A model of Radford et al. 2019; on how many tokens it was trained is not published. The paper's table 2
    states 117, 345, 762 and 1542 M; its repository, github.com/openai/gpt-2, says that these were wrong and names
    the models 124M, 355M, 774M and 1558M."""
    given = configuration(layers=layers, d_model=d_model, heads=heads, vocabulary=50257, positions=1024)
    return Published(f"GPT-2 {size}", "Radford et al. 2019, openai/gpt-2", stated, M, exact, given)


PUBLISHED = (
    _paper("base", 65 * M, steps=100_000, d_model=512, heads=8, d_ff=2048),
    _paper("big", 213 * M, steps=300_000, d_model=1024, heads=16, d_ff=4096),
    # "Improving Language Understanding by Generative Pre-Training"; 117 M is table 2 of Radford et al.
    # 2019, where the smallest size is the original GPT's. The released model has 40,478 tokens, 512
    # positions, norms after each sub-layer.
    Published(
        "GPT-1", "Radford et al. 2018, 2019", 117 * M, M, 116_534_784,
        configuration(layers=12, d_model=768, heads=12, vocabulary=40478, positions=512, final_norms=0,
                      context=512),
    ),
    _bert("base", 110 * M, 109_482_240, layers=12, d_model=768, heads=12),
    _bert("large", 340 * M, 335_141_888, layers=24, d_model=1024, heads=16),
    _gpt2("small", 124 * M, 124_439_808, layers=12, d_model=768, heads=12),
    _gpt2("medium", 355 * M, 354_823_168, layers=24, d_model=1024, heads=16),
    _gpt2("large", 774 * M, 774_030_080, layers=36, d_model=1280, heads=20),
    _gpt2("XL", 1558 * M, 1_557_611_200, layers=48, d_model=1600, heads=25),
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
