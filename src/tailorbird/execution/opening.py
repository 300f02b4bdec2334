"""How the workers of a module are started: what they read, where it lies for them, and the sandbox that fits."""

import os
import tempfile
from pathlib import Path

from tailorbird.config import ExecuteConfig
from tailorbird.execution.harness import harness_for
from tailorbird.execution.messages import Open
from tailorbird.execution.project import Module
from tailorbird.execution.readable import Copies, copy_for_others, folder_for_others
from tailorbird.execution.sandbox import Needs, Sandbox, fit_for
from tailorbird.execution.users import free_user
from tailorbird.execution.worker import WorkerSettings, paths, writable_folder

_GROUP_NUMBER = -1
"""Numbers of workers begin at 0."""


def folder_for_workers(module: Module, sandbox: Sandbox) -> Path:
    """A new folder for workers' folders, for classes and for copies of what workers may not read themselves."""
    return writable_folder(folder_for_others(module.folder) if sandbox.needs_copies else None)


def worker_settings(
    module: Module, config: ExecuteConfig, sandbox: Sandbox, cache: Path, folder: Path
) -> WorkerSettings:
    """The settings of the module's workers, with copies in ``folder`` of what they may not read themselves.

    Raises ToolMissingError without a JDK that the workers can run, SourceError when JUnit's jars cannot be had.
    """
    harness = harness_for(module.dependencies, cache)
    dependencies = (
        *(one for one in module.dependencies if one not in harness.dropped), *harness.added, harness.bridge
    )  # fmt: skip
    ours = (*module.main, *module.tests, *dependencies, *harness.worker, *(one.resolve() for one in module.sources))
    readable = (*ours, harness.java.resolve().parents[1])
    inside = fit_for(sandbox, readable, harness.java)
    copies, group = Copies(), None
    if inside.needs_copies:
        group = free_user(_GROUP_NUMBER)
        copies = copy_for_others((module.folder, *ours), _folder_of_group(folder, group))
    return WorkerSettings(
        java=harness.java,
        classpath=copies.all_of(harness.worker),
        opening=Open(
            main=paths(copies.all_of(module.main)),
            tests=paths(copies.all_of(module.tests)),
            dependencies=paths(copies.all_of(dependencies)),
            bridge=str(copies.of(harness.bridge)),
        ),
        needs=Needs(
            folder=copies.of(module.folder),
            readable=(*copies.all_of(readable), folder),
            writable=folder,
            group=group,
            heap_mb=config.heap_mb,
        ),
        sandbox=inside,
        heap_mb=config.heap_mb,
        options=tuple(map(copies.in_text, module.jvm.options)),
        environment=tuple(map(copies.in_text, module.jvm.environment)),
    )


def _folder_of_group(parent: Path, group: int) -> Path:
    """Copies of private files are for workers only, and not for everyone who has an account on the machine."""
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="copies-"))
    os.chown(folder, -1, group)
    folder.chmod(0o750)
    return folder
