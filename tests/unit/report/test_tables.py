"""The comparison as text, and the words above it."""

from dataclasses import replace

from tailorbird.records import AtK, Cost, Executed, Result, Treatment
from tailorbird.report.columns import COLUMNS
from tailorbird.report.funnel import funnel_rows
from tailorbird.report.rows import in_order
from tailorbird.report.summary import caveats, summary
from tailorbird.report.tables import NOT_APPLICABLE, markdown_table, table_rows, terminal_table
from tailorbird.report.useful import executed_columns, useful_column
from tests.builders import cost, executed, funnel, meta, method_outcome, metrics, pair_score, result


def study() -> list[Result]:
    def row(name: str, bleu: float, loss: float) -> Result:
        scores = tuple(pair_score(number, bleu4=bleu + number % 3, loss=20 * loss) for number in range(40))
        return result(name, scores=scores, metrics=metrics(bleu4=bleu, test_loss=loss, perplexity=2.0))

    rows = [row("prefix", 20.0, 1.9), row("custom", 30.0, 1.2), row("base", 10.0, 2.5)]
    copy = result("retrieval-copy")
    return [*rows, replace(copy, scores=tuple(pair_score(number, bleu4=24.0) for number in range(40)))]


def test_references_come_first_and_strategies_in_the_study_s_order() -> None:
    starts = [line.split("  ")[0] for line in terminal_table(study()).split("\n\n")[0].splitlines()]

    assert [name for name in starts if name and not name.startswith("-")] == [
        "retrieval copy",
        "base",
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
    rows.append(result("retrieval-copy", metrics=metrics(bleu4=60.0, test_loss=None), scores=scores))

    assert "custom loses to copying" in " ".join(summary(ordered(rows)))


def test_two_points_of_bleu_are_needed_for_a_difference() -> None:
    rows = [result("base"), result("custom", metrics=metrics(bleu4=32.9, test_loss=1.4))]

    assert "no difference that we would call one" in " ".join(summary(rows))


def test_the_summary_says_by_how_much() -> None:
    before, after = metrics(test_loss=4.0), metrics(test_loss=3.0)
    rows = [result("base", metrics=before), result("custom", metrics=after)]

    assert "by 25%, from 4.00 to 3.00 nats per token" in summary(rows)[0]


def test_a_strategy_that_is_no_better_is_said_so() -> None:
    rows = [result("base"), result("custom", metrics=metrics(test_loss=1.6))]

    assert "No strategy lowers the loss" in summary(rows)[0]


def test_without_strategies_or_base_there_are_words_too() -> None:
    assert "No strategy has been scored" in summary([result("base")])[0]
    assert "base itself was not scored" in caveats([result("custom")])
    assert summary([result("custom", cost=cost(delta_bytes=0))])


def ordered(rows: list[Result]) -> list[Result]:
    return list(in_order(rows))


def found(*useful: int, samples: int = 10, **changes: object) -> Executed:
    """``samples`` of each method, of which ``useful`` are; none is changed by observed values."""
    methods = tuple(
        method_outcome(number, samples=samples, useful=count, focal_class=str(number))
        for number, count in enumerate(useful)
    )
    at_k = tuple(AtK(k=k, passes=0.5, useful=sum(count >= k for count in useful) / len(useful)) for k in (1, 5, 10)
                 if k <= samples)  # fmt: skip
    return executed(methods=methods, at_k=at_k, **changes)


def ran(name: str, *useful: int, samples: int = 10, **changes: object) -> Result:
    return replace(result(name), executed=found(*useful, samples=samples, **changes))


def test_execution_has_columns_only_where_tests_were_run() -> None:
    assert "useful@1" not in terminal_table(study())
    assert executed_columns(study()) == ()
    table = terminal_table([ran("base", 5, 0), result("custom")])
    assert "useful@1" in table
    assert "useful@10" in table
    assert table.count("asserts") == 2


def test_k_beyond_the_samples_has_no_column() -> None:
    keys = [column.key for column in executed_columns([ran("base", 1, 0, samples=1)])]
    assert keys[:3] == ["useful@1", "pass@1", "asserts"]
    assert not [key for key in keys if "@5" in key or "@10" in key]


def test_a_useful_share_has_its_difference_to_the_base() -> None:
    rows = table_rows(
        [ran("base", 0, 0), ran("custom", 10, 10), ran("developers", 10, 10)], [useful_column(1, "as_written")]
    )
    cells = {row.strategy: row.cells[0] for row in rows}
    assert (cells["base"].note, cells["custom"].note) == ("", "+100.0 [+100.0, +100.0]")
    # The developers' tests are no rival.
    assert cells["developers"].mark == ""
    assert cells["developers"].text == "100.0%"


def test_the_developers_tests_are_not_compared_with_themselves() -> None:
    line = next(line for line in terminal_table([result("developers"), result("base")]).splitlines() if "dev" in line)
    assert "31.0" not in line


def test_reference_rows_stand_on_top() -> None:
    names = ("custom", "base", "retrieval-copy", "no-model", "developers")
    assert [one.strategy for one in in_order(map(result, names))] == list(reversed(names))


def test_the_funnel_has_a_row_for_each_treatment_of_each_that_was_run() -> None:
    first, second = funnel_rows([ran("custom", 5, passed=10, added=9), result("prefix"), ran("base", 5)])
    assert (first.strategy, second.strategy) == ("base", "custom")
    assert [one.title for one in second.treatments] == ["as written", "with imports", "with observed values"]
    assert [one.changed for one in second.treatments] == [None, 5, 10]
    written = second.treatments[0]
    assert [stage.count for stage in written.stages] == [60, 40, 30, 10, 18, 16, 10, 8, 9]
    assert written.stages[3].share == 0.125
    assert written.fates == "40 do not compile, 20 fail an assertion"


def test_a_treatment_that_changed_nothing_has_no_row() -> None:
    changed, unchanged = funnel_rows([ran("base", 5), ran("custom", 5, changed=0)])
    assert [one.title for one in unchanged.treatments] == ["as written"]
    assert len(changed.treatments) == 3


def test_the_summary_begins_with_useful_tests() -> None:
    rows = [
        ran("developers", 1, 1, 1, 0, samples=1),
        ran("no-model", 2, 0, 0, 0),
        ran("base", 0, 0, 0, 0),
        ran("custom", 10, 10, 0, 0),
        ran("prefix", 10, 0, 0, 0),
    ]
    text = " ".join(summary(rows))
    assert text.startswith(
        "Personalised with custom (the best of 2 strategies), the model writes a useful test for 50.0% of 4 methods"
    )
    assert "at the first try, and for 50.0% within 10 tries" in text
    assert "0.0% for the base alone" in text
    assert "75.0% for the developers' own tests (one test each)" in text
    assert "points) may be chance" in text
    assert "none was compiled or run" not in text
    assert "as written, 50% compile in the project and 25% pass" in text


def test_the_summary_says_whether_observed_values_beat_no_model() -> None:
    many = (10,) * 6
    better = " ".join(summary([ran("no-model", *(0,) * 6), ran("base", *many), ran("custom", *many)]))
    assert "It beats the row without a model by +100.0 [+100.0, +100.0] points" in better
    worse = " ".join(summary([ran("no-model", *many), ran("base", *(0,) * 6), ran("custom", *(0,) * 6)]))
    assert "It loses to the row without a model" in worse
    unchanged = " ".join(summary([ran("no-model", *many, changed=0), ran("custom", *many, changed=0)]))
    assert "row without a model" not in unchanged


def test_without_strategies_the_summary_speaks_of_the_base() -> None:
    assert summary([ran("base", 10, 0)])[0].startswith("The base writes a useful test for 50.0% of 2 methods")


def test_unmeasured_usefulness_is_a_dash_and_no_sentence() -> None:
    treatments: tuple[Treatment, ...] = ("as_written", "with_imports", "with_observed_values")
    unknown = tuple(
        funnel(one, useful=None, killed=None, at_k=(AtK(k=1, passes=0.5, useful=None),)) for one in treatments
    )
    row = replace(result("custom"), executed=replace(executed(), funnels=unknown))
    assert "useful" not in " ".join(summary([row]))
    assert [column.key for column in executed_columns([row])][:2] == ["pass@1", "asserts"]


def test_the_summary_says_what_names_and_types_had_to_end() -> None:
    rows = ordered(study())
    assert "names and types ended" not in " ".join(summary(rows))
    aided = [replace(row, metrics=replace(row.metrics, completed=0.4)) for row in rows]
    assert "(in 40% names and types ended a statement that the model could not)" in " ".join(summary(aided))


def test_tests_of_another_tool_are_no_strategy_s() -> None:
    tool = result("evosuite", cost=Cost(), meta=meta(delta_sha256=""), metrics=metrics(test_loss=None, bleu4=90.0))
    rows = table_rows([tool, result("base"), result("custom")], COLUMNS)
    assert [(row.strategy, row.reference) for row in rows] == [("base", True), ("custom", False), ("evosuite", True)]
    assert "evosuite" not in " ".join(summary(list(in_order([tool, result("base"), result("custom")]))))


def test_a_loss_that_falls_by_nothing_that_can_be_seen_is_said_to_be_the_same() -> None:
    rows = [result("base", metrics=metrics(test_loss=0.9211)), result("l-ldb", metrics=metrics(test_loss=0.9209))]
    assert "is 0.92 nats per token for the base and for l-ldb." in summary(rows)[0]
