"""Which of many candidates are kept: those that a compiler is likeliest to accept, and none twice."""

from collections.abc import Sequence

from tailorbird.metrics.structure import calls_focal
from tailorbird.metrics.symbols import doubts, words
from tailorbird.mining.dataset import DataSet
from tailorbird.records import Pair

_BESIDES = 1.5
"""What a candidate that does not call the focal method counts for, in names that nothing explains: one of these may be
right all the same, and two seldom are."""


class Selector:
    """Ranks candidates by what in them neither they nor the project's words explain, and by the call that they are for.

    The project's words are those of the training pairs, and of what the model is shown beside the focal method; never
    the held-out tests'.
    """

    def __init__(self, data: DataSet) -> None:
        self._known = words(
            text for pair in data.split("train") for text in (pair.test.text, pair.focal.context, pair.skeleton or "")
        )

    def best(self, pair: Pair, texts: Sequence[str], keep: int) -> list[int]:
        """Indices of the ``keep`` best of ``texts``, candidates for ``pair``, the best first.

        A text that was there before comes after all others; among equals the given order decides.
        """
        around = words([pair.skeleton or ""])
        known = self._known | around | words([pair.focal.context])
        first: dict[str, int] = {}
        ranks = []
        for index, text in enumerate(texts):
            again = first.setdefault(text, index) != index
            besides = 0.0 if calls_focal(text, pair.focal) else _BESIDES
            ranks.append((again, doubts(text, known, around).count + besides, index))
        return [index for _, _, index in sorted(ranks)[:keep]]
