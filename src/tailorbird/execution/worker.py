"""One JVM that compiles and runs candidates, and a pool of them in which a dead one is replaced at once."""

import contextlib
import os
import secrets
import select
import shutil
import stat
import struct
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import TypeVar

import msgspec

from tailorbird.execution.messages import PROTOCOL, Compile, Compiled, Open, Opened, Unit
from tailorbird.execution.sandbox import Needs, Sandbox

_LENGTH = struct.Struct(">i")
_START_SECONDS = 60.0
_COMPILE_SECONDS = 300.0
_POLL_SECONDS = 0.2
_MAX_FRAME = 256 << 20
_PIPE_BYTES = 1 << 20
_NUMBERS = count()
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How a worker is started."""

    java: Path
    classpath: tuple[Path, ...]
    """Of the worker itself."""
    opening: Open
    needs: Needs
    sandbox: Sandbox
    heap_mb: int = 768
    options: tuple[str, ...] = ()
    """The project's own, for the JVM of its tests."""
    environment: tuple[str, ...] = ()
    """``NAME=value``"""


class WorkerDiedError(Exception):
    """The worker ended, or did not answer in time and was killed: what it was doing is to blame."""

    def __init__(self, reason: str, *, late: bool) -> None:
        super().__init__(reason)
        self.late = late


class Worker:
    """A started JVM with the project open; not for several threads at once."""

    def __init__(self, settings: WorkerSettings) -> None:
        # A folder for each: what one leaves behind no other sees.
        self._private = Path(tempfile.mkdtemp(dir=settings.needs.writable, prefix="worker-"))
        self._sandbox, self._user = settings.sandbox, settings.sandbox.user(next(_NUMBERS))
        user = self._user
        needs = replace(settings.needs, writable=self._private, user=user)
        inbox, self._requests = os.pipe()
        self._responses, outbox = os.pipe()
        if user is not None:
            os.chown(self._private, user, user)
            os.fchown(inbox, user, user)
            os.fchown(outbox, user, user)
        java = [
            *(("env", *settings.environment) if settings.environment else ()),
            str(settings.java),
            "-ea",  # As Surefire has it, unless the project says otherwise.
            *settings.options,
            f"-Xmx{settings.heap_mb}m",
            "-Xss1m",
            # Candidates live for milliseconds: what a better compiler gains later is never earned back.
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-XX:-UsePerfData",
            "-Xshare:auto",
            "-Djava.awt.headless=true",
            "-Djava.system.class.loader=tailorbird.worker.SystemLoader",
            # Mocking libraries attach an agent to the JVM that they run in.
            "-Djdk.attach.allowAttachSelf=true",
            f"-Djava.io.tmpdir={self._private}",
            f"-Duser.home={self._private}",
            f"-Duser.dir={settings.needs.folder}",
            f"-Dbasedir={settings.needs.folder}",
            f"-Dtailorbird.isolated={str(settings.sandbox.isolates_processes).lower()}",
            *_OPENED,
            "-cp",
            os.pathsep.join(map(str, settings.classpath)),
            "tailorbird.worker.Main",
            f"/dev/fd/{inbox}",
            f"/dev/fd/{outbox}",
        ]
        try:
            self._process = subprocess.Popen(
                settings.sandbox.command(java, needs),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(inbox, outbox),
                start_new_session=True,
            )
        finally:
            os.close(inbox)
            os.close(outbox)
        self._token = secrets.token_hex(16)
        self._number = 0
        self._opening = settings.opening
        self.java_version = ""

    def open(self) -> Opened:
        """Tell it the project."""
        opened = self.ask(msgspec.structs.replace(self._opening, token=self._token), Opened, seconds=_START_SECONDS)
        if opened.version != PROTOCOL:
            self.kill()
            raise WorkerDiedError(f"it speaks version {opened.version} of the protocol", late=False)
        self.java_version = opened.java
        return opened

    def ask(self, request: msgspec.Struct, kind: type[_Answer], *, seconds: float) -> _Answer:
        """Send a request and wait for its answer. Raises WorkerDiedError when there is none in time, or ever."""
        self._number += 1
        body = msgspec.json.encode({**msgspec.to_builtins(request), "number": self._number})
        until = time.monotonic() + seconds
        try:
            self._write(_LENGTH.pack(len(body)) + body, until)
            while True:
                (length,) = _LENGTH.unpack(self._read(_LENGTH.size, until))
                if not 0 <= length <= _MAX_FRAME:
                    raise WorkerDiedError("it wrote something that is no frame", late=False)
                frame = self._read(length, until)
                head = msgspec.json.decode(frame, type=_Head)
                if head.token == self._token and head.number == self._number:
                    break
        except (OSError, msgspec.MsgspecError) as error:
            why = self._why(str(error))
            self.kill()
            raise WorkerDiedError(why, late=False) from error
        except WorkerDiedError:
            self.kill()
            raise
        if head.error is not None:
            self.kill()
            raise WorkerDiedError(head.error, late=False)
        return msgspec.json.decode(frame, type=kind)

    def compile(self, units: Sequence[Unit], out: Path) -> Compiled:
        """Compile some units together into the empty folder ``out``, which no candidate can write to."""
        made = self._private / f"made-{self._number}"
        answer = self.ask(Compile(tuple(units), str(made)), Compiled, seconds=_COMPILE_SECONDS)
        if not answer.errors:
            _copy_classes(made, out)
        shutil.rmtree(made, ignore_errors=True)
        return answer

    def kill(self) -> None:
        """End it and all that it started."""
        if self._process.poll() is None:
            try:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, 9)
                self._process.kill()
            except PermissionError:
                # A superuser of some containers may not end what another user runs; that user may.
                self._sandbox.clean_up(self._user)
        self._process.wait()
        self._sandbox.clean_up(self._user)
        for one in (self._requests, self._responses):
            if one >= 0:
                os.close(one)
        self._requests = self._responses = -1
        shutil.rmtree(self._private, ignore_errors=True)

    def _write(self, data: bytes, until: float) -> None:
        os.set_blocking(self._requests, False)
        while data:
            left = until - time.monotonic()
            if left <= 0 or not select.select((), (self._requests,), (), left)[1]:
                raise WorkerDiedError("it does not read its requests", late=True)
            data = data[os.write(self._requests, data[:_PIPE_BYTES]) :]

    def _read(self, count: int, until: float) -> bytes:
        parts = []
        while count:
            left = until - time.monotonic()
            if left <= 0 or not select.select((self._responses,), (), (), left)[0]:
                raise WorkerDiedError("it gave no answer in time", late=True)
            part = os.read(self._responses, min(count, _PIPE_BYTES))
            if not part:
                raise WorkerDiedError(self._why("it ended"), late=False)
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _why(self, otherwise: str) -> str:
        try:
            status = self._process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            return otherwise
        return f"the JVM ended with status {status}"


class _Head(msgspec.Struct):
    number: int
    token: str = ""
    error: str | None = None


# What tests of today's projects reach by reflection; Surefire's users pass the same by hand.
_OPENED = [
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.lang", "java.lang.reflect", "java.util", "java.util.concurrent", "java.io", "java.net",
                    "java.time", "java.math", "java.text", "java.nio", "sun.nio.ch")
]  # fmt: skip


class Pool:
    """Workers of one project: so many at work, and one more, started and open, for when one dies."""

    def __init__(self, settings: WorkerSettings, *, spares: int = 1) -> None:
        self._settings = settings
        self._ready: SimpleQueue[Worker | WorkerDiedError] = SimpleQueue()
        self._lock = threading.Lock()
        self._starting = 0
        self._closed = False
        self._spares = spares
        # A sandbox dies with the thread that started it, so that one has to last as long as the pool.
        self._spawner = ThreadPoolExecutor(1)

    def try_out(self) -> None:
        """Start a worker and end it. Raises WorkerDiedError if it does not start."""
        try:
            worker = self._spawner.submit(Worker, self._settings).result()
        except OSError as error:
            raise WorkerDiedError(str(error), late=False) from error
        try:
            worker.open()
        finally:
            worker.kill()

    def warm(self, count: int) -> None:
        """Start so many, and the spare one, before anybody asks for them."""
        self._start_more(count + self._spares)

    def take(self) -> Worker:
        """A worker for one's own use until it is given back. Raises WorkerDiedError if none starts."""
        self._start_more(self._spares)
        found = self._next()
        if found is None:
            raise WorkerDiedError("no worker started in time", late=True)
        self._start_more(self._spares)
        if isinstance(found, WorkerDiedError):
            raise found
        if self._closed:
            found.kill()
            raise WorkerDiedError("the run is over", late=False)
        return found

    def _next(self) -> "Worker | WorkerDiedError | None":
        """The next one that has started, or why it did not; None if none does in time, or none is to come."""
        until = time.monotonic() + 2 * _START_SECONDS
        while time.monotonic() < until and not (self._closed and self._starting <= 0):
            try:
                found = self._ready.get(timeout=_POLL_SECONDS)
            except Empty:
                continue
            with self._lock:
                self._starting -= 1
            return found
        return None

    def give_back(self, worker: Worker) -> None:
        """It is as good as new."""
        with self._lock:
            self._starting += 1
        self._ready.put(worker)

    def close(self) -> None:
        """Kill those that are waiting."""
        with self._lock:
            self._closed = True
        while (found := self._next()) is not None:
            if isinstance(found, Worker):
                found.kill()
        self._spawner.shutdown(wait=False)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start_more(self, wanted: int) -> None:
        with self._lock:
            missing = 0 if self._closed else wanted - self._starting
            self._starting += max(0, missing)
        for _ in range(missing):
            threading.Thread(target=self._start, daemon=True).start()

    def _start(self) -> None:
        try:
            worker = self._spawner.submit(Worker, self._settings).result()
        except (OSError, RuntimeError) as error:
            self._ready.put(WorkerDiedError(str(error), late=False))
            return
        try:
            worker.open()
        except WorkerDiedError as error:
            worker.kill()
            self._ready.put(error)
            return
        self._ready.put(worker)


class Seat:
    """One thread's worker, replaced when it dies or is no longer to be trusted."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._worker: Worker | None = None
        self.java_version = ""

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            self._worker = self._pool.take()
            self.java_version = self._worker.java_version
        return self._worker

    def replace(self) -> None:
        """The next use is of another worker."""
        if self._worker is not None:
            self._worker.kill()
        self._worker = None


def _copy_classes(made: Path, out: Path) -> None:
    """Ordinary files only, for workers of other users to read: a candidate may have put anything into its folder."""
    for place, _, names in os.walk(made):
        folder = out / Path(place).relative_to(made)
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
        for name in names:
            if stat.S_ISREG(os.lstat(Path(place) / name).st_mode):
                shutil.copyfile(Path(place) / name, folder / name)
                (folder / name).chmod(0o644)


def writable_folder(parent: Path | None = None) -> Path:
    """A new folder for workers' folders and for classes: workers may pass it, and only they write to theirs."""
    folder = Path(tempfile.mkdtemp(prefix="tailorbird-execution-", dir=parent))
    folder.chmod(0o711)
    return folder


def paths(given: Sequence[Path]) -> tuple[str, ...]:
    """As messages have them."""
    return tuple(str(one) for one in given)
