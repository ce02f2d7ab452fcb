"""The names and defaults of the keys that configs of the known kinds of models have, as a small file.

    pip install transformers && python scripts/make_config_fixture.py

writes tests/fixtures/config_classes.json: for each `model_type` in `weights.kinds.KINDS` what a config of
Hugging Face's transformers has that is made without arguments. The package is needed for nothing else.
"""

from __future__ import annotations

import json
from pathlib import Path

import transformers

from xltransformer.weights.kinds import KINDS

FILE = Path(__file__).parent.parent / "tests" / "fixtures" / "config_classes.json"
LONGEST = 40
"""Letters of a default, such as a list for each layer, that is told by its kind alone beyond."""


def main() -> None:
    found = {}
    for kind in KINDS:
        made = transformers.AutoConfig.for_model(kind).to_dict()
        made["transformers_version"] = None
        found[kind] = {
            key: value if len(json.dumps(value)) <= LONGEST or isinstance(value, dict) else type(value).__name__
            for key, value in sorted(made.items())
        }
    found["generation"] = dict(sorted(transformers.GenerationConfig().to_dict().items()))
    found["generation"]["transformers_version"] = None
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
