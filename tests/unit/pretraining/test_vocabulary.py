"""Bases that get another vocabulary."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from tailorbird.base.architecture import new_tiny_model
from tailorbird.base.tokenizer import save_tokenizer, train_tokenizer
from tailorbird.networks.batch import Encoded
from tailorbird.networks.network import Network
from tailorbird.pretraining.vocabulary import move_vocabulary

TEXTS = ["public void adds() { assertEquals(3, new Adder().add(1, 2)); }", "return left + right;", "int[] Größe = {};"]


def tokenizer(size: int) -> PreTrainedTokenizerFast:
    return train_tokenizer(TEXTS * 20, vocabulary_size=size)


def embeddings(model: Any) -> torch.Tensor:
    weight = model.get_input_embeddings().weight
    assert isinstance(weight, torch.Tensor)
    return weight


def test_the_same_vocabulary_changes_nothing() -> None:
    same = tokenizer(300)
    model = new_tiny_model(vocabulary_size=len(same), seed=1, width=64, blocks=1)
    example = Encoded(tuple(same(TEXTS[0])["input_ids"]), tuple(same(TEXTS[1])["input_ids"]))
    before = Network(model).batch([example])
    losses = [float(Network(model)(before)[1])]
    move_vocabulary(model, same, tokenizer(300))
    losses.append(float(Network(model)(before)[1]))
    assert losses[0] == losses[1]


@pytest.mark.parametrize(("old_size", "new_size"), [(270, 320), (320, 270)])
def test_a_new_token_begins_as_the_mean_of_those_that_spell_it(old_size: int, new_size: int) -> None:
    old, new = tokenizer(old_size), tokenizer(new_size)
    assert len(old) != len(new)
    model = new_tiny_model(vocabulary_size=len(old), seed=1, width=64, blocks=1)
    before = embeddings(model).detach().clone()
    move_vocabulary(model, old, new)
    after = embeddings(model)
    assert after.shape == (len(new), 64)
    assert model.config.vocab_size == len(new)
    assert model.lm_head.weight is after
    old_vocabulary = old.get_vocab()
    longer = 0
    for token, row in new.get_vocab().items():
        if token in old_vocabulary:
            torch.testing.assert_close(after[row], before[old_vocabulary[token]])
        else:
            longer += 1
            pieces = [one.id for one in old.backend_tokenizer.model.tokenize(token)]
            assert len(pieces) > 1
            torch.testing.assert_close(after[row], before[pieces].mean(dim=0))
    assert longer == (new_size > old_size) * (len(new) - len(old))


def test_words_are_spelled_alike_wherever_they_stand(tmp_path: Path) -> None:
    trained = tokenizer(320)
    save_tokenizer(trained, tmp_path)
    read = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    text = "testAdder encodeAdder ADDER MAX_VALUE HTMLAdder adder $x 1234 Größe"
    pieces = [piece for piece, _ in read.backend_tokenizer.pre_tokenizer.pre_tokenize_str(text)]
    assert [piece for piece in pieces if "Adder" in piece] == ["Adder"] * 3
    assert {"test", "HTML", "MAX", "_", "VALUE", "Ġ$"} <= {piece.removeprefix("Ġ") for piece in pieces} | {"Ġ$"}
    assert read.decode(read(text)["input_ids"], skip_special_tokens=True) == text
