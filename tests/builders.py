"""Records with everything filled in, so that a test names only what it is about."""

from dataclasses import replace

from tailorbird.records import (
    FORMAT_VERSION,
    AtK,
    Candidate,
    Cost,
    CurvePoint,
    DataManifest,
    Example,
    Executed,
    FocalMethod,
    Funnel,
    GenerationHeader,
    KnownClass,
    KnownMethod,
    Leakage,
    MethodOutcome,
    Metrics,
    Pair,
    PairScore,
    Provenance,
    ReferenceLoss,
    Result,
    ResultMeta,
    TestCase,
    Treatment,
)
from tailorbird.report.rows import REFERENCES

FOCAL = "public int add(int left, int right) {\n\treturn left + right;\n}"
TEST = "@Test\npublic void testAdd() {\n\tassertEquals(3, new Adder().add(1, 2));\n}"


def provenance(**changes: object) -> Provenance:
    return replace(Provenance(kind="maven", location="org.example:adder:1.0", version="1.0"), **changes)  # type: ignore[arg-type]


def focal(**changes: object) -> FocalMethod:
    method = FocalMethod(
        class_name="Adder",
        package="org.example",
        name="add",
        signature="public int add(int left, int right)",
        parameters=("int", "int"),
        path="src/main/java/org/example/Adder.java",
        line=10,
        end_line=12,
        text=FOCAL,
        context=f"Adder {{ {FOCAL} }}",
    )
    return replace(method, **changes)  # type: ignore[arg-type]


def case(**changes: object) -> TestCase:
    test = TestCase(
        class_name="AdderTest",
        package="org.example",
        name="testAdd",
        framework="junit4",
        kind="test",
        annotations=("Test",),
        assertions=("junit",),
        path="src/test/java/org/example/AdderTest.java",
        line=20,
        end_line=23,
        text=TEST,
    )
    return replace(test, **changes)  # type: ignore[arg-type]


def pair(number: int = 0, **changes: object) -> Pair:
    made = Pair(
        id=f"{number:016x}",
        focal=focal(),
        test=case(),
        evidence=("name",),
        confidence=0.9,
        cluster=number,
        split="test",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def leakage(**changes: object) -> Leakage:
    made = Leakage(
        clusters=10,
        largest_cluster=3,
        groups=8,
        largest_group=4,
        shared_classes=0,
        shared_clusters=0,
        max_similarity=0.42,
        test_with_neighbour=((0.3, 2), (0.5, 0), (0.8, 0)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def data_manifest(**changes: object) -> DataManifest:
    made = DataManifest(
        format_version=FORMAT_VERSION,
        tailorbird="0.1.0",
        source=provenance(),
        context_level="fm_fc_ms_ff",
        heuristics="tailorbird",
        unasserted=0,
        seed=0,
        files=40,
        test_cases=120,
        pairs=100,
        splits={"train": 80, "validation": 10, "test": 10},
        leakage=leakage(),
        skipped=(),
        seconds=3.5,
        pairs_sha256="d" * 64,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def header(**changes: object) -> GenerationHeader:
    made = GenerationHeader(
        tailorbird="0.1.0",
        strategy="custom",
        split="test",
        decoding="greedy",
        settings={"max_target_tokens": 256},
        training={"epochs": 10.0},
        base_name="tiny",
        base_sha256="b" * 64,
        data_sha256="d" * 64,
        delta_sha256="e" * 64,
        source=provenance(),
        cost=cost(),
        versions={"python": "3.11.9", "torch": "2.13.0"},
        device="cpu",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def reference(pair_id: str, **changes: object) -> ReferenceLoss:
    made = ReferenceLoss(pair_id=pair_id, loss=30.0, other_loss=45.0, tokens=20, characters=80, truncated=False)
    return replace(made, **changes)  # type: ignore[arg-type]


def candidate(pair_id: str, text: str = TEST, **changes: object) -> Candidate:
    made = Candidate(pair_id=pair_id, index=0, text=text, log_probability=-12.0, tokens=20, finished=True, seconds=0.1)
    return replace(made, **changes)  # type: ignore[arg-type]


def metrics(**changes: object) -> Metrics:
    made = Metrics(
        test_loss=1.5,
        perplexity=4.48,
        loss_per_character=0.4,
        input_gain=0.8,
        bleu4=31.0,
        exact_match=0.05,
        edit_similarity=0.55,
        syntax_valid=0.9,
        calls_focal_method=0.6,
        finished=0.97,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def cost(**changes: object) -> Cost:
    made = Cost(
        train_seconds=272.0,
        train_flops=41_000_000_000_000,
        peak_memory_bytes=1_400_000_000,
        trainable_parameters=10_300_000,
        total_parameters=10_300_000,
        stored_parameters=10_300_000,
        delta_bytes=41_200_000,
        steps=300,
        examples=2400,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def curve() -> tuple[CurvePoint, ...]:
    return tuple(
        CurvePoint(
            step=step,
            seconds=step * 0.9,
            train_loss=None if step == 0 else 2.4 - step * 0.004,
            validation_loss=2.5 - step * 0.003,
            flops=step * 10**11,
            input_gain=0.5,
        )
        for step in range(0, 301, 50)
    )


def pair_score(number: int = 0, **changes: object) -> PairScore:
    made = PairScore(
        pair_id=f"{number:016x}",
        focal_class=f"org.example.Class{number % 4}",
        loss=30.0,
        other_loss=46.0,
        tokens=20,
        bleu4=30.0,
        exact_match=False,
        edit_similarity=0.5,
        syntax_valid=True,
        calls_focal_method=True,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def method_outcome(number: int = 0, **changes: object) -> MethodOutcome:
    made = MethodOutcome(
        method=f"src/Adder.java:{number}: int add()",
        focal_class=f"org.example.Class{number % 4}",
        samples=10,
        passed=5,
        useful=2,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def funnel(treatment: Treatment = "as_written", **changes: object) -> Funnel:
    made = Funnel(
        treatment=treatment,
        candidates=80,
        changed=0,
        infra=0,
        parsed=60,
        compiled=40,
        ran=30,
        passed=20,
        covered=18,
        added=None,
        asserting=16,
        killed=10,
        useful=8,
        counts={"pass": 20, "compile_error": 40, "assertion_failure": 20},
        at_k=(
            AtK(k=1, passes=0.25, useful=0.1),
            AtK(k=5, passes=0.5, useful=0.3),
            AtK(k=10, passes=0.75, useful=0.4),
        ),
        methods=tuple(method_outcome(number) for number in range(8)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def executed(**changes: object) -> Executed:
    """Every treatment with the same counts but for what it changed; ``changes`` are of all funnels."""
    treatments: tuple[Treatment, ...] = ("as_written", "with_imports", "with_observed_values")
    funnels = tuple(funnel(one, **({"changed": 5 * at} | changes)) for at, one in enumerate(treatments))
    return Executed(samples=10, funnels=funnels, seconds=3.0, verdicts_sha256="f" * 64)


def example(number: int = 0, **changes: object) -> Example:
    made = Example(
        pair_id=f"{number:016x}",
        focal_class="Adder",
        focal_signature="public int add(int left, int right)",
        focal_text=FOCAL,
        reference=TEST,
        candidate=TEST.replace("3", "4"),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def meta(**changes: object) -> ResultMeta:
    made = ResultMeta(
        format_version=FORMAT_VERSION,
        tailorbird="0.1.0",
        source=provenance(),
        split="test",
        pairs=8,
        candidates=8,
        seed=0,
        decoding="greedy",
        base_name="tiny",
        base_sha256="b" * 64,
        data_sha256="d" * 64,
        delta_sha256="e" * 64,
        candidates_sha256="c" * 64,
        commit=None,
        device="cpu",
        versions={"python": "3.11.9", "torch": "2.13.0"},
        settings={"epochs": 10.0, "max_target_tokens": 256},
        bleu_signature="nrefs:1|case:mixed|eff:no|tok:none|smooth:exp|version:2.5.1|lexemes:java",
        generate_seconds=40.0,
        generated_tokens=900,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def result(strategy: str = "custom", **changes: object) -> Result:
    """A result of ``strategy``; reference rows get the costs and losses that such rows have."""
    made = Result(
        strategy=strategy,
        metrics=metrics(),
        cost=cost(),
        meta=meta(),
        curve=curve(),
        scores=tuple(pair_score(number) for number in range(8)),
        examples=tuple(example(number) for number in range(2)),
    )
    if strategy in REFERENCES:
        made = replace(made, cost=Cost(), curve=(), meta=meta(delta_sha256=""))
    if strategy in REFERENCES and strategy != "base":
        lossless = metrics(test_loss=None, perplexity=None, loss_per_character=None, input_gain=None)
        scores = tuple(replace(score, loss=None, other_loss=None, tokens=0) for score in made.scores)
        made = replace(made, metrics=lossless, scores=scores)
    return replace(made, **changes)  # type: ignore[arg-type]


def known_class(name: str, *methods: KnownMethod, **changes: object) -> KnownClass:
    made = KnownClass(
        class_name=name,
        package="p",
        path=f"{name}.java",
        kind="class",
        creatable=True,
        superclass=None,
        interfaces=(),
        constants=(),
        fields=(),
        methods=methods,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
