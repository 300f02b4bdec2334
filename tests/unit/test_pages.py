"""docs/formats.md says what the records say, and docs/settings.md what can be set."""

import dataclasses
import importlib.util
from pathlib import Path

import pytest

from tailorbird import config, records

_DOCS = Path(__file__).parents[2] / "docs"


def _generated(page: str) -> str:
    spec = importlib.util.spec_from_file_location("generate_pages", _DOCS / "generate_pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text: str = module.page(page)
    return text


@pytest.mark.parametrize("page", ["formats", "settings"])
def test_the_page_is_up_to_date(page: str) -> None:
    assert (_DOCS / f"{page}.md").read_text(encoding="utf-8") == _generated(page), "run `make docs`"


@pytest.mark.parametrize(("page", "module"), [("formats", records), ("settings", config)])
def test_every_record_is_on_the_page(page: str, module: object) -> None:
    template = (_DOCS / f"{page}.template.md").read_text(encoding="utf-8")
    nouns = [name for name, noun in vars(module).items() if dataclasses.is_dataclass(noun)]
    assert nouns
    assert [noun for noun in nouns if f"{{{{ {noun} }}}}" not in template] == []


def test_settings_say_what_they_take_and_what_they_are_by_default() -> None:
    text = _generated("settings")
    assert "| `methods` | int, 1 or more | none |" in text
    assert "| `split` | one of 'train', 'validation', 'test' | `\"test\"` |" in text
    assert "| `decoding` | one of 'greedy', 'beam', 'sample' | none |" in text
    assert "| `pair_learning_rate` | float, above 0 | `0.001` |" in text
    assert "Annotated" not in text
    assert "| `width` | int, a multiple of 64 | `256` |" in text
    assert "| `coordinates` | list of str | to be given |" in text
