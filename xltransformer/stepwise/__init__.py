"""A plan that runs row by row: a text is written on word by word, and of each new word only its own rows are
calculated. What later rows ask of earlier ones is kept, which for attention is its keys and values.

Nothing here knows what attention is. The formulas of an operation say which rows of its operands a row of its
result is made of: its own alone, as in a layer norm; those up to its own, as in causal attention (which is why a
sheet that writes has no circle); or none, where an operand lends its shape only, as to positions. The operation's
NumPy meaning is then run on these rows: there is no second definition. Blocks that are made alike, as those of
several heads, are run in one call.
"""

from xltransformer.stepwise.plan import Stepwise
from xltransformer.stepwise.progress import Progress

__all__ = ["Progress", "Stepwise"]
