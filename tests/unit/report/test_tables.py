"""The comparison as text, and the words above it."""

from dataclasses import replace

from tailorbird.records import Ladder, Result
from tailorbird.report.ladder import ladder_rows
from tailorbird.report.summary import caveats, summary
from tailorbird.report.tables import NOT_APPLICABLE, markdown_table, terminal_table
from tests.builders import cost, metrics, pair_score, result


def study() -> list[Result]:
    def row(name: str, bleu: float, loss: float) -> Result:
        scores = tuple(pair_score(number, bleu4=bleu + number % 3, loss=20 * loss) for number in range(40))
        return result(name, scores=scores, metrics=metrics(bleu4=bleu, validation_loss=loss, perplexity=2.0))

    rows = [row("prefix", 20.0, 1.9), row("custom", 30.0, 1.2), row("base", 10.0, 2.5)]
    copy = result("retrieval-copy")
    return [*rows, replace(copy, scores=tuple(pair_score(number, bleu4=24.0) for number in range(40)))]


def test_references_come_first_and_strategies_in_the_study_s_order() -> None:
    starts = [line.split("  ")[0] for line in terminal_table(study()).split("\n\n")[0].splitlines()]

    assert [name for name in starts if name and not name.startswith("-")] == [
        "base",
        "retrieval copy",
        "custom",
        "prefix",
    ]


def test_what_does_not_apply_is_a_dash() -> None:
    line = next(line for line in terminal_table([result("retrieval-copy")]).splitlines() if line.startswith("retr"))

    assert line.split()[2:5] == [NOT_APPLICABLE] * 3


def test_columns_of_the_terminal_are_aligned() -> None:
    for block in terminal_table(study()).split("\n\n"):
        lines = block.splitlines()
        assert max(map(len, lines)) == len(lines[1])
        assert max(map(len, lines)) <= 110


def test_markdown_has_as_many_cells_in_every_row_and_marks_the_best() -> None:
    lines = markdown_table(study()).splitlines()
    custom = next(line for line in lines if "custom" in line)

    assert len({line.count("|") for line in lines}) == 1
    assert "**1.20**" in custom
    assert "**30.0**" in custom
    assert "(100.0%)" in custom


def test_a_figure_that_all_share_marks_nobody() -> None:
    assert "**" not in markdown_table([result("custom"), result("prefix")])


def test_the_summary_says_what_was_bought() -> None:
    text = " ".join(summary(ordered(study())))

    assert "custom lowers the loss" in text
    assert "from 2.50 to 1.20" in text
    assert "rises from 10.0 to at most 30.0" in text
    assert "custom leads every other strategy" in text


def test_the_summary_says_that_the_copy_won() -> None:
    rows = [one for one in study() if one.strategy != "retrieval-copy"]
    scores = tuple(pair_score(number, bleu4=60.0 + number % 3) for number in range(40))
    rows.append(result("retrieval-copy", metrics=metrics(bleu4=60.0, validation_loss=None), scores=scores))

    assert "custom loses to copying" in " ".join(summary(ordered(rows)))


def test_two_points_of_bleu_are_needed_for_a_difference() -> None:
    rows = [result("base"), result("custom", metrics=metrics(bleu4=32.9, validation_loss=1.4))]

    assert "no difference that we would call one" in " ".join(summary(rows))


def test_the_summary_says_by_how_much() -> None:
    before, after = metrics(validation_loss=4.0), metrics(validation_loss=3.0)
    rows = [result("base", metrics=before), result("custom", metrics=after)]

    assert "by 25%, from 4.00 to 3.00 nats per token" in summary(rows)[0]


def test_a_strategy_that_is_no_better_is_said_so() -> None:
    rows = [result("base"), result("custom", metrics=metrics(validation_loss=1.6))]

    assert "No strategy lowers the loss" in summary(rows)[0]


def test_without_strategies_or_base_there_are_words_too() -> None:
    assert "No strategy has been scored" in summary([result("base")])[0]
    assert "base itself was not scored" in caveats([result("custom")])
    assert summary([result("custom", cost=cost(delta_bytes=0))])


def ordered(rows: list[Result]) -> list[Result]:
    return sorted(rows, key=lambda row: ["base", "retrieval-copy", "custom", "prefix"].index(row.strategy))


def executed(name: str, passed: int) -> Result:
    found = Ladder(
        candidates=40, infra=0, parsed=30, compiled=20, ran=15, passed=passed, covered=passed - 1, added=None,
        counts={"pass": passed, "compile_error": 10, "timeout": 2}, seconds=1.0, verdicts_sha256="",
    )  # fmt: skip
    return replace(result(name), ladder=found)


def test_passing_is_a_column_only_where_tests_were_run() -> None:
    assert "passes" not in terminal_table(study())
    assert "passes" in terminal_table([executed("base", 5), result("custom")])


def test_the_ladder_has_a_row_for_each_that_was_run() -> None:
    first, second = ladder_rows([executed("custom", 10), result("prefix"), executed("base", 5)])
    assert (first.strategy, second.strategy) == ("base", "custom")
    assert [rung.count for rung in second.rungs] == [30, 20, 15, 10, 9, None, None]
    assert second.rungs[3].share == 0.25
    assert second.fates == "10 do not compile, 2 do not end"


def test_the_summary_says_what_came_of_running() -> None:
    text = " ".join(summary([executed("base", 5), executed("custom", 10)]))
    assert "50% compile in the project, 25% pass, and 9 of those run that method" in text
    assert "none was compiled or run" not in text


def test_the_summary_says_what_names_and_types_had_to_end() -> None:
    rows = ordered(study())
    assert "names and types ended" not in " ".join(summary(rows))
    aided = [replace(row, metrics=replace(row.metrics, completed=0.4)) for row in rows]
    assert "(in 40% names and types ended a statement that the model could not)" in " ".join(summary(aided))
