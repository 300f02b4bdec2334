"""Configurations are strict, and say where a wrong value stood."""

from pathlib import Path

import pytest

from tailorbird.config import CompareConfig, GenerateConfig, MineConfig, PersonaliseConfig, load_config
from tailorbird.errors import UsageError


def test_without_anything_given_the_defaults_hold() -> None:
    assert load_config(PersonaliseConfig) == PersonaliseConfig()


def test_flags_override_set_overrides_the_file_overrides_defaults(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("epochs = 1\nbatch_size = 2\nseed = 3\n")
    config = load_config(PersonaliseConfig, file, ["batch_size=4", "seed=5"], seed=6)
    assert config == PersonaliseConfig(epochs=1.0, batch_size=4, seed=6)


def test_a_flag_that_is_none_was_not_given() -> None:
    assert load_config(GenerateConfig, None, ["beams=8"], beams=None).beams == 8


@pytest.mark.parametrize("text", ["1e-5", "1E-5", "0.00001"])
def test_numbers_are_read_as_toml(text: str) -> None:
    assert load_config(PersonaliseConfig, None, [f"learning_rate={text}"]).learning_rate == pytest.approx(1e-5)


def test_text_that_is_not_toml_is_taken_as_it_stands() -> None:
    assert load_config(PersonaliseConfig, None, ["strategy=l-eo"]).strategy == "l-eo"


def test_dots_reach_into_tables_and_keep_what_is_there(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("[settings.prefix]\nlength = 8\nhidden = 64\n")
    config = load_config(CompareConfig, file, ["settings.prefix.length=16"])
    assert config.settings == {"prefix": {"length": 16, "hidden": 64}}


def test_an_unknown_key_names_the_key_the_place_and_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"^epoch \(in --set epoch=3\) is not a setting here: did you mean epochs\?$"):
        load_config(PersonaliseConfig, None, ["epoch=3"])


def test_an_unknown_key_in_a_file_names_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("zzz = 1\n")
    with pytest.raises(UsageError, match=r"zzz \(in .*c\.toml\) is not a setting here: there are strategy, epochs"):
        load_config(PersonaliseConfig, file)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seed=-1", r"seed \(in --set seed=-1\).*expected `int` >= 0"),
        ("seed=true", "expected `int`, got `bool`"),
        ("batch_size=1.5", "batch_size"),
        ("epochs=0", "epochs"),
        ("precision=float8", "precision .*float8"),
        ("settings.length=[1]", "settings"),
        ("seed", "not of the form key=value"),
        ("=3", "not of the form key=value"),
    ],
)
def test_a_value_that_does_not_fit_is_named(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_config(PersonaliseConfig, None, [override])


def test_a_flag_that_does_not_fit_is_said_to_come_from_the_command_line() -> None:
    with pytest.raises(UsageError, match="batch_size \\(on the command line\\)"):
        load_config(PersonaliseConfig, None, [], batch_size=0)


def test_a_file_that_is_not_there_or_not_toml_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="could not be read"):
        load_config(PersonaliseConfig, tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff = 1")
    with pytest.raises(UsageError, match=r"bad\.toml is not valid TOML"):
        load_config(PersonaliseConfig, tmp_path / "bad.toml")


def test_a_value_that_is_no_choice_names_the_choices() -> None:
    with pytest.raises(UsageError, match=r"invalid enum value 'other'\. Choose one of tailorbird, methods2test\."):
        load_config(MineConfig, heuristics="other")
    with pytest.raises(UsageError, match=r"unasserted .*Choose one of true, false\."):
        load_config(PersonaliseConfig, None, ["unasserted=maybe"])
