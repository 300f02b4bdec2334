"""A process that mines a share of a tree for another: ``python -m tailorbird.mining.worker``, spoken to over its pipes.

Its parent (`tailorbird.mining.team`) sends a `Job`, gets the files' `Parsed`, sends what the others parsed, and gets
a `Share`. It ends when its input does.
"""

import gc
import os
import signal
import sys
from collections import deque
from pathlib import Path

from tailorbird.mining.declarations import JavaType
from tailorbird.mining.messages import Job, Rest, receive, send
from tailorbird.mining.parse_cache import ParseCache
from tailorbird.mining.parsing import decoded, parse_files
from tailorbird.mining.share import mine_share


def main() -> None:
    """Do one job."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Control-C is the parent's to answer.
    gc.disable()  # What is read stays until the end, and holds no cycles.
    reading, writing = sys.stdin.buffer, sys.stdout.buffer
    job = receive(reading, Job)
    root = Path(os.fsdecode(job.root))
    cache = ParseCache(Path(os.fsdecode(job.cache)) if job.cache is not None else None)
    files = [os.fsdecode(one) for one in job.files]
    mine = list(parse_files(root, files, cache))
    send(writing, [parsed for parsed, _ in mine])
    own = deque(types for _, types in mine)
    del mine  # What is encoded is no longer of use.
    rest = deque(receive(reading, Rest).types)
    types: list[JavaType] = []
    while rest:
        other = rest.popleft()
        types.extend(own.popleft() if other is None else decoded(other) or ())
    send(writing, mine_share(root, types, files, heuristics=job.heuristics, published=job.published))


if __name__ == "__main__":
    main()
