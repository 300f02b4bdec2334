"""docs/formats.md says what the records say."""

import dataclasses
import importlib.util
from pathlib import Path

from tailorbird import records

_DOCS = Path(__file__).parents[2] / "docs"


def _generated() -> str:
    spec = importlib.util.spec_from_file_location("generate_formats", _DOCS / "generate_formats.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.formats()
    return text


def test_the_page_is_up_to_date() -> None:
    assert (_DOCS / "formats.md").read_text(encoding="utf-8") == _generated(), "run `make docs`"


def test_every_record_is_on_the_page() -> None:
    template = (_DOCS / "formats.template.md").read_text(encoding="utf-8")
    nouns = [name for name, noun in vars(records).items() if dataclasses.is_dataclass(noun)]
    assert [noun for noun in nouns if f"{{{{ {noun} }}}}" not in template] == []
