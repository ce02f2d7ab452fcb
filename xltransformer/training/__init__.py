"""Training: data files, optimizers, and the loop that lowers a model's loss with its own gradients.

`from_instance` or `from_workbook` say what to begin with, `prepare` makes a run of it, `train` runs it,
and `learned_state` and `changed` are what comes out: a file of weights, or a workbook's instance.
"""

from xltransformer.training.begin import Reading, Start, from_data, from_run
from xltransformer.training.loop import LOOKS, Progress, Run, Settings, Trained, train
from xltransformer.training.optimizer import OPTIMIZERS, RATES
from xltransformer.training.start import changed, from_instance, from_workbook, learned_state, prepare

__all__ = [
    "LOOKS",
    "OPTIMIZERS",
    "RATES",
    "Progress",
    "Reading",
    "Run",
    "Settings",
    "Start",
    "Trained",
    "changed",
    "from_data",
    "from_instance",
    "from_run",
    "from_workbook",
    "learned_state",
    "prepare",
    "train",
]
