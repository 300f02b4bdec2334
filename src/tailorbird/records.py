"""The nouns that travel between stages: frozen, typed, and free of imports beyond the standard library.

Each stage reads and writes these as JSON or JSON lines (see ``docs/formats.md``); no dictionary crosses a boundary.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

FORMAT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a project came from: what it takes to get the same bytes again."""

    kind: str
    """``path``, ``git`` or ``maven``."""
    location: str
    """The SOURCE as resolved: a folder's name, a git URL, or ``group:artifact:version``."""
    version: str | None = None
    """Maven version, where there is one."""
    commit: str | None = None
    """Git commit, where there is one; ``+dirty`` is appended when the tree has uncommitted changes."""
    licence: str | None = None
    """Name of the licence that the pom or the tree declares."""
    artifacts: tuple[tuple[str, str], ...] = ()
    """(file name, SHA-256) of each artifact that was fetched."""


CONSTRUCTOR = "<init>"
"""Name of every constructor, as the JVM has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FocalMethod:
    """The method under test, inside its class."""

    class_name: str
    """Simple name; a nested class is written ``Outer.Inner``."""
    package: str
    name: str
    """``<init>`` for a constructor."""
    signature: str
    """Modifiers, return type, name and parameters, on one line, without the body."""
    parameters: tuple[str, ...]
    """Parameter types as written, ``...`` kept."""
    path: str
    """Relative to the project's root, with forward slashes."""
    line: int
    end_line: int
    text: str
    """The method as written, from its first modifier or annotation to its closing brace; Javadoc left out."""
    context: str
    """The focal context at the data set's published level, such as ``fm_fc_ms_ff``."""
    outline: str = ""
    """What the context says of the class, the focal method's signature among the others': the same text for all
    methods of a class. Empty at the level ``fm``, and in data sets of other tools."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassField:
    """A field as declared."""

    name: str
    type: str
    modifiers: tuple[str, ...]
    text: str
    """The declaration as written, with its initialiser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassMethod:
    """A method or constructor as declared, without its body."""

    name: str
    """``<init>`` for a constructor."""
    line: int
    modifiers: tuple[str, ...]
    returns: str
    """Empty for a constructor."""
    parameters: str
    """With the brackets, on one line."""
    signature: str
    calls: tuple[str, ...]
    """Names of the methods that a test or a helper in a test class calls, sorted; empty for production code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceClass:
    """A class that a pair speaks of, focal or test: all that focal contexts are made from."""

    class_name: str
    package: str
    path: str
    superclass: str | None
    interfaces: tuple[str, ...]
    constants: tuple[str, ...]
    """Names of an enum's constants."""
    fields: tuple[ClassField, ...]
    methods: tuple[ClassMethod, ...]
    """Constructors first, then methods, each in source order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMethod:
    """A method or constructor of a `KnownClass`."""

    name: str
    """``<init>`` for a constructor."""
    returns: str
    """Empty for a constructor."""
    parameters: tuple[str, ...]
    """Their types as written."""
    static: bool
    throws: tuple[str, ...]
    """As declared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClass:
    """Any class of a tree, without its bodies and its tests: what can be named where."""

    class_name: str
    package: str
    path: str
    kind: Literal["class", "abstract class", "interface", "enum", "record"]
    creatable: bool
    """Others can create instances: it is not abstract, and has a constructor that is not private."""
    superclass: str | None
    interfaces: tuple[str, ...]
    constants: tuple[str, ...]
    """Names of an enum's constants."""
    fields: tuple[tuple[str, str], ...]
    """Name and type of each. Private ones of test sources alone: what stands in the same file can use them."""
    methods: tuple[KnownMethod, ...]
    """Constructors too, but no test methods; private ones as with fields."""


HOLE = "// <test>"
"""The line of a skeleton at which a test method goes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestClass:
    """A test class without its tests: what a test needs around it to compile."""

    __test__ = False

    class_name: str
    package: str
    path: str
    text: str
    """Its whole file without any test method, the line `HOLE` where one of this class goes in. Nested classes of tests
    that nothing else refers to are left out as well. A test that a superclass demands has an empty body."""
    outline: str
    """In short: fields, set-up and tear-down in full, signatures of helpers; in canonical layout."""
    inherited: tuple[str, ...]
    """Qualified names of the superclasses that stand in the project, nearest first."""
    inherited_set_up: tuple[str, ...]
    """``class: signature`` of what these set up and tear down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """The test case of a similar focal method, for a model to read beside the focal context."""

    pair_id: str
    focal_text: str
    test_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test method, as its developers wrote it."""

    __test__ = False  # pytest: this is a noun, not a test class

    class_name: str
    package: str
    name: str
    framework: str
    """``junit3``, ``junit4``, ``junit5`` or ``testng``."""
    kind: str
    """``test``, ``parameterized``, ``repeated``, ``factory`` or ``template``."""
    annotations: tuple[str, ...]
    """Annotation names without ``@`` and arguments."""
    assertions: tuple[str, ...]
    """What it asserts with, sorted: ``junit``, ``testng``, ``assertj``, ``hamcrest``, ``truth``, ``mocks``, ``fail``,
    ``assert-statement``, ``expected-exception``, ``no-exception`` (that nothing is thrown), ``helper`` (a method of the
    project that asserts); empty for none."""
    path: str
    line: int
    end_line: int
    text: str
    providers: tuple[str, ...] = ()
    """Of a parameterized test, the methods and fields that its arguments come from, as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A focal method with one of its test cases: the unit of training and of evaluation."""

    id: str
    """16 hexadecimal digits, a hash of where both halves stand; stable between runs."""
    focal: FocalMethod
    test: TestCase
    evidence: tuple[str, ...]
    """Why these two belong together, strongest first (``docs/formats.md`` lists the words)."""
    confidence: float
    """0 to 1, from the evidence."""
    cluster: int
    """Near-duplicate cluster; a cluster and a focal class never straddle two splits."""
    split: str
    """``train``, ``validation`` or ``test``."""
    project: str = ""
    """The SOURCE it comes from, in a data set of several."""
    skeleton: str | None = None
    """At levels with ``+skeleton``: the outline of the test class."""
    imports: tuple[str, ...] = ()
    """At levels with ``+skeleton``: what the test's file imports, as between ``import`` and ``;``."""
    collaborators: tuple[str, ...] = ()
    """At levels with ``+skeleton``: for each class of the project that the focal method takes, how it is made: its
    constants, constructors and static factories."""
    neighbour: Neighbour | None = None
    """At levels with ``+neighbour``: the training pair with the most similar focal method of another class."""

    @property
    def focal_key(self) -> str:
        """What tells its focal method from all others: several pairs can share one."""
        project = f"{self.project}:" if self.project else ""
        return f"{project}{self.focal.path}:{self.focal.line}: {self.focal.signature}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """An input that mining left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leakage:
    """How close the held-out tests are to the training tests."""

    clusters: int
    largest_cluster: int
    groups: int
    """Groups that are split as one: classes joined through shared clusters."""
    largest_group: int = 0
    """Pairs in the largest group; above 60% of all, the split says little about unseen classes."""
    shared_classes: int
    """Focal classes in more than one split: 0 by construction, checked."""
    shared_clusters: int
    """Clusters in more than one split: 0 by construction, checked."""
    max_similarity: float
    """Largest Jaccard similarity of token shingles between a test pair and a training pair."""
    test_with_neighbour: tuple[tuple[float, int], ...]
    """For each threshold: how many test pairs have a training pair at least that similar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataManifest:
    """What a mined data set is and where it came from (``manifest.json``)."""

    format_version: int
    tailorbird: str
    source: Provenance
    """Of several sources what they have in common; each stands in ``sources``."""
    context_level: str
    """A published level, with ``+skeleton`` and ``+neighbour`` where pairs carry these."""
    heuristics: str
    """How focal methods were found: ``tailorbird``, or ``methods2test`` for the published heuristics."""
    seed: int
    files: int
    test_cases: int
    pairs: int
    unasserted: int
    """Pairs whose test case asserts nothing: left out of training unless asked for."""
    splits: dict[str, int]
    leakage: Leakage
    skipped: tuple[Skipped, ...]
    seconds: float
    pairs_sha256: str
    sources: tuple[Provenance, ...] = ()
    classes_sha256: str = ""
    """Of ``classes.jsonl``, the focal and test classes."""
    test_classes_sha256: str = ""
    """Of ``test_classes.jsonl``, the skeletons."""
    known_classes_sha256: str = ""
    """Of ``known_classes.jsonl``, all classes of the tree in short; empty where there was no tree."""
    older: Provenance | None = None
    """With a time split, the tree that training and validation pairs come from; tests were added after it."""
    copies_left_out: int = 0
    """With a time split, added pairs that are near-duplicates of older ones, and so are in no split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a personalisation cost. Zero for a reference row that trains nothing."""

    train_seconds: float = 0.0
    train_flops: int = 0
    """Floating-point operations of all training steps, derived from their shapes (docs/flops.md)."""
    measured_flops_ratio: float | None = None
    """What torch's counter saw in the first steps, divided by what was derived for them: within 2% of 1."""
    train_joules: float | None = None
    """Energy of all training steps, where the machine reports it: of the processor packages or the GPU."""
    peak_memory_bytes: int = 0
    """Peak resident memory of the process, or of the device where there is one."""
    trainable_parameters: int = 0
    """Parameters that the optimiser updates; for a prefix those of its reparametrisation."""
    total_parameters: int = 0
    """Parameters of the base, tied ones once."""
    stored_parameters: int = 0
    """Values in the delta; for a prefix the keys and values alone."""
    delta_bytes: int = 0
    steps: int = 0
    examples: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Truncation:
    """How many of some pairs did not fit the model's limits."""

    pairs: int = 0
    inputs_cut: int = 0
    """Something of the input is missing: first the context's signatures and fields, then what stands beside it."""
    focal_methods_cut: int = 0
    """The focal method itself is not whole."""
    targets_cut: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One point of a learning curve."""

    step: int
    seconds: float
    train_loss: float | None
    validation_loss: float | None
    flops: int
    input_gain: float | None = None


DESCRIPTION_FILE = "tailorbird-base.json"
"""In a base's folder: its `BaseDescription`."""


WITH_NEIGHBOUR = "+neighbour"
"""Ends the name of a row whose model was shown a similar method's test in its prompt."""

Decoding: TypeAlias = Literal["greedy", "beam", "sample"]
Constraint: TypeAlias = Literal["none", "grammar", "guided"]
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingDefaults:
    """How a base decodes where nothing else is asked for."""

    method: Decoding = "greedy"
    constraint: Constraint = "guided"
    temperature: float = 1.0
    """Of sampling."""
    top_p: float = 1.0
    """Of sampling."""
    no_repeat_ngram: int = 0
    precision: Precision = "float32"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingDefaults:
    """How one strategy trains best on a base."""

    learning_rate: float
    epochs: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseDescription:
    """What is known about a base besides its weights (``tailorbird-base.json`` in its folder)."""

    end_token: str
    """The text of the token that ends a test, such as ``</s>`` or ``<|im_end|>``."""
    prompt: str = "parts"
    """Name of the prompt format that the base reads best."""
    decoding: DecodingDefaults = DecodingDefaults()
    training: dict[str, TrainingDefaults] = field(default_factory=dict)
    """For each strategy that was searched on this base; the strategy's own defaults hold for the others."""
    max_source_tokens: int = 512
    max_target_tokens: int = 256
    licence: str = ""
    parameters: int = 0
    """How many it has; 0 where nobody has written it down."""
    notes: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaManifest:
    """What a delta is, and what it must meet again on loading (``delta.json``)."""

    format_version: int
    tailorbird: str
    strategy: str
    settings: dict[str, str | int | float | bool]
    """Training and strategy settings, as used."""
    fingerprint: str
    """Hash of all that determines the tensors: equal runs are not done twice."""
    source: Provenance
    base_name: str
    base_sha256: str
    tokenizer_sha256: str
    data_sha256: str
    tensors_sha256: str
    """SHA-256 of ``delta.safetensors``."""
    tensors: dict[str, tuple[int, ...]]
    """Name and shape of every tensor in the delta."""
    packing: str = "plain"
    """How they are stored: ``plain`` values, or differences to the base: ``lossless``, ``float16`` or ``int8``."""
    packing_loss: tuple[float, float] | None = None
    """Validation loss before and after a lossy packing, in nats per target token."""
    parent_sha256: str = ""
    """SHA-256 of the tensors of the delta that this one was trained on top of, which stands in ``parent``."""
    seed: int
    cost: Cost
    curve: tuple[CurvePoint, ...]
    truncation: Truncation = Truncation()
    """Of the training pairs."""
    licence: str | None
    versions: dict[str, str]
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationHeader:
    """First line of a candidates file: what produced it."""

    kind: str = "header"
    format_version: int = FORMAT_VERSION
    tailorbird: str = ""
    strategy: str = ""
    """A strategy's name, ``base``, or a reference row: ``developers``, ``no-model`` or ``retrieval-copy``."""
    split: str = ""
    decoding: str = ""
    """``greedy``, ``beam`` or ``sample``; ``copy`` for the retrieval copy."""
    fingerprint: str = ""
    """Hash of all that determines the candidates: equal runs are not done twice."""
    settings: dict[str, str | int | float | bool]
    """Decoding settings, as used."""
    training: dict[str, str | int | float | bool] = field(default_factory=dict)
    """The delta's settings; empty for the base and the retrieval copy."""
    base_name: str = ""
    base_sha256: str = ""
    data_sha256: str = ""
    delta_sha256: str = ""
    """Empty for the base and the retrieval copy."""
    source: Provenance
    seed: int = 0
    cost: Cost
    curve: tuple[CurvePoint, ...] = ()
    truncation: Truncation = Truncation()
    """Of the pairs that were generated for; what is cut of a reference is no longer in its loss."""
    generate_seconds: float = 0.0
    generated_tokens: int = 0
    versions: dict[str, str]
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceLoss:
    """Teacher-forced loss of one developer's test under the model, in nats."""

    kind: str = "reference"
    pair_id: str
    loss: float
    """Sum over target tokens of -log p, given the pair's own input."""
    other_loss: float
    """The same sum, given another pair's input."""
    tokens: int
    characters: int
    """Of the test in canonical layout; of the part within the limit where it is truncated."""
    truncated: bool
    """The target was longer than the model's limit; loss covers the part within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One generated test case."""

    kind: str = "candidate"
    pair_id: str
    index: int
    """0 for the first (best) of the n candidates of this focal method."""
    text: str
    log_probability: float | None
    """Sum over generated tokens of log p; None where no model wrote it."""
    tokens: int
    finished: bool
    """The end token was reached within the length limit."""
    completed: int = 0
    """Tokens at its end that were found by names and types, where the model found none."""
    seconds: float
    """Wall seconds of its batch, divided by the candidates in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a candidate's run covered, by JaCoCo's counts of instructions and branches; (covered, all) each."""

    method_lines: tuple[int, int]
    """Lines with code from the focal method's first line to its last."""
    method_branches: tuple[int, int]
    class_lines: tuple[int, int]
    """Of the focal class, nested classes not among them."""
    class_branches: tuple[int, int]
    lines: tuple[int, ...]
    """Line numbers of the focal class with a covered instruction."""
    branches: tuple[tuple[int, int], ...]
    """(line, covered branches) of the focal class, where there are any."""
    focal_method_called: bool
    """The focal method itself was entered. JaCoCo counts no line of one that ends by an exception at once."""
    added_lines: int | None = None
    """Lines of the focal class that none of the project's other tests of that class covers: without the pair's own
    test, for which the candidate stands. None where those were not run."""
    added_branches: int | None = None
    """The same of branches, by their number on each line: those added may be more, where others cover as many."""

    @property
    def adds(self) -> bool:
        """Something that none of the project's other tests covers."""
        return bool(self.added_lines or self.added_branches)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """How many small changes of its focal method a passing candidate notices."""

    mutants: int
    """Mutants of the focal method, lambdas in it among them, by PIT's long-standing default operators."""
    covered: int
    """Those at whose place the candidate arrives: no other is run."""
    killed: int
    """Those with which it fails, or is not done in time."""
    timed_out: int
    """Those of the killed with which it was not done in five times its own time, and one second at least."""
    of: int
    """All that the method has; more than ``mutants`` where so many were drawn (``mutants`` in the settings)."""
    killed_ids: tuple[str, ...]
    """``line:OPERATOR:index`` of each that is killed, the same for all candidates of the focal method."""
    asserted: int | None = None
    """Of the killed, those with which an assertion failed or an expected exception was missing. The others throw or
    hang, so that any call kills them. None where that was not recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of executing one candidate."""

    kind: str = "verdict"
    pair_id: str
    index: int
    verdict: str
    """One of ``no_output``, ``syntax_error``, ``compile_error``, ``load_error``, ``no_test_ran``, ``crash``,
    ``timeout``, ``runtime_error``, ``assertion_failure``, ``flaky``, ``pass``; ``infra`` says nothing of it."""
    repairs: tuple[str, ...] = ()
    """What was repaired before this verdict, in order: ``imports``, ``observed_values``. Empty for the candidate as
    written; a repaired one has further verdicts of the same index, one for each repair that changed it."""
    imports: tuple[str, ...] = ()
    """Imports that the repair added around the candidate, as they stand in a file between ``import`` and ``;``."""
    text: str | None = None
    """The candidate as repaired; None where its own text is unchanged."""
    asserts: bool | None = None
    """It asserts something: an assertion, a ``verify``, or an expected exception; None where it does not parse."""
    evidence: tuple[str, ...] = ()
    """Compiler messages, the throwable and where it was thrown, or why nothing ran."""
    milliseconds: float | None = None
    """Of the run that was judged; None where nothing ran."""
    retried: bool = False
    """The first run did not pass: this is the verdict of a second one, alone in a fresh loader."""
    reruns: tuple[str, ...] = ()
    """Verdicts of the reruns in other JVMs; one that is not ``pass`` makes it ``flaky``."""
    coverage: Coverage | None = None
    """Of a passing candidate."""
    confirmed: bool | None = None
    """Of a passing candidate: the project's own build, with it in a copy of the tree, ran it and it passed. None where
    that was not asked for."""
    mutation: Mutation | None = None
    """Of a passing candidate that enters its focal method; null where nothing was learnt, or mutation was off."""

    @property
    def useful(self) -> bool:
        """A developer would keep it: it passes each time, runs the focal method, asserts, and kills by an assertion."""
        called = self.coverage is not None and self.coverage.focal_method_called
        kills = self.mutation is not None and bool(self.mutation.asserted)
        return self.verdict == "pass" and called and bool(self.asserts) and kills


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What the project's own build said of a copy of the tree with all passing candidates in it."""

    candidates: int
    """Those that were written into the copy."""
    confirmed: int
    """Those whose tests the build ran, and that passed."""
    build_passes: bool
    """``mvn test`` ended well, with the project's own tests."""
    reason: str
    """Maven's, where it did not."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairCount:
    """What one repair came to."""

    changed: int
    """Candidates that it changed."""
    passed: int
    """Of these, those that pass then."""
    seconds: float
    """That it took, with all that was run for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionHeader:
    """First line of a verdicts file: what was executed, and how."""

    kind: str = "header"
    format_version: int = FORMAT_VERSION
    tailorbird: str
    source: Provenance
    candidates_sha256: str
    settings: dict[str, str | int | float | bool]
    versions: dict[str, str]
    candidates: int
    seconds: float
    """From the built project to the last verdict."""
    build_seconds: float
    """Resolving and building, 0 where it was kept from before."""
    counts: dict[str, int]
    """Candidates of each verdict, as written."""
    confirmation: Confirmed | None = None
    repairs: dict[str, RepairCount] = field(default_factory=dict)
    """By repair, ``imports`` and ``observed_values``; without those that were off. A candidate that got imports and
    then observed values counts for both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Scores of one strategy on the held-out tests; None where it does not apply (the retrieval copy has no loss)."""

    test_loss: float | None
    """Nats per target token, over all references of the split that is scored; of a personalised model at the
    checkpoint that the validation split chose."""
    perplexity: float | None
    loss_per_character: float | None
    """Nats per character of canonical layout, over references of at most 1,000 characters: the one loss that compares
    between tokenizers and prompts."""
    loss_per_character_long: float | None = None
    """The same over longer references, which repeat themselves and are easy."""
    long_references: int = 0
    """Those that are longer than that."""
    truncated_references: int = 0
    """Those whose loss was not taken over the whole test: left out of both losses per character."""
    input_gain: float | None
    """Loss with another pair's input, minus the loss with its own (nats per token)."""
    bleu4: float
    """Corpus BLEU-4, 0 to 100 (sacrebleu; tokens are Java lexemes)."""
    exact_match: float
    edit_similarity: float
    syntax_valid: float
    calls_focal_method: float
    finished: float
    completed: float = 0.0
    """Share of candidates whose end was found by names and types, where the model found none."""


Treatment: TypeAlias = Literal["as_written", "with_imports", "with_observed_values"]
"""What may have been done to a candidate between its model and its verdict; each includes the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodOutcome:
    """What came of all samples for one focal method, which several pairs can share."""

    method: str
    """Where it stands and its signature: the same in every result on the same data."""
    focal_class: str
    samples: int
    """Of all its pairs together."""
    passed: int
    useful: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtK:
    """The chance that at least one of k samples of a focal method will do; the mean over all focal methods.

    The unbiased estimator of Chen et al. (2021): all ways to draw k of a method's samples, not the best of one draw.
    """

    k: int
    passes: float
    """pass@k."""
    useful: float | None
    """useful@k; None where usefulness was not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    """How far the candidates of all pairs came under one treatment; each stage counts some of the one before."""

    treatment: Treatment
    candidates: int
    """All samples of all pairs. A sample that is missing counts as an empty one."""
    changed: int
    """Candidates that this treatment's own repair changed: 0 as written."""
    infra: int
    """Candidates that could not be judged; they stay in every denominator."""
    parsed: int
    compiled: int
    ran: int
    """JUnit ran it to an end: neither broken nor stopped."""
    passed: int
    """Each time that it was run."""
    covered: int
    """And entered the focal method."""
    added: int | None
    """Of those that covered, the ones that covered a line or branch of the focal class that no other test of the
    project covers."""
    asserting: int | None
    """Of those that passed, the ones that assert something; None where that was not recorded."""
    killed: int | None
    """Of those that covered, the ones with which a mutant of the focal method made an assertion fail; None where no
    mutants were made."""
    useful: int | None
    """Those that pass, cover, assert and kill by an assertion; None where one of these was not measured."""
    counts: dict[str, int]
    """Candidates of each verdict."""
    at_k: tuple[AtK, ...]
    """For each k of 1, 5 and 10 of which every pair has that many samples."""
    methods: tuple[MethodOutcome, ...]
    """One for each distinct focal method."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """What came of executing the candidates."""

    samples: int
    """For each pair."""
    funnels: tuple[Funnel, ...]
    """One for each treatment, as written first."""
    seconds: float
    """Of executing all candidates of the file."""
    verdicts_sha256: str
    """Of the verdicts file."""

    def funnel(self, treatment: Treatment) -> Funnel:
        """The funnel of one treatment."""
        return next(one for one in self.funnels if one.treatment == treatment)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairScore:
    """Scores of one pair's first candidate, kept for paired statistics."""

    pair_id: str
    focal_class: str
    loss: float | None
    other_loss: float | None
    tokens: int
    bleu4: float
    """Sentence BLEU-4, add-one smoothed beyond unigrams."""
    exact_match: bool
    edit_similarity: float
    syntax_valid: bool
    calls_focal_method: bool
    verdict: str | None = None
    """Of executing it as written; None where it was not executed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One generated test beside the developers' own."""

    pair_id: str
    focal_class: str
    focal_signature: str
    focal_text: str
    reference: str
    candidate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMeta:
    """What produced a result, so that a command reproduces it."""

    format_version: int
    tailorbird: str
    source: Provenance
    split: str
    pairs: int
    candidates: int
    seed: int
    decoding: str
    base_name: str
    base_sha256: str
    data_sha256: str
    delta_sha256: str
    candidates_sha256: str
    commit: str | None
    """The project's commit, where it came from git."""
    device: str
    versions: dict[str, str]
    settings: dict[str, str | int | float | bool]
    bleu_signature: str
    generate_seconds: float
    generated_tokens: int
    truncation: Truncation = Truncation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One row of the comparison (``results/NAME.json``)."""

    strategy: str
    metrics: Metrics
    cost: Cost
    meta: ResultMeta
    curve: tuple[CurvePoint, ...]
    scores: tuple[PairScore, ...]
    examples: tuple[Example, ...]
    executed: Executed | None = None
    """None where candidates were not executed."""
