"""Programs on PATH: whether they are there, and of which version."""

import re
import shutil
import subprocess

_PROBE_SECONDS = 20


def program_version(name: str, option: str) -> str | None:
    """The first version number that ``name option`` prints; None when it is not there, empty when it fails."""
    if shutil.which(name) is None:
        return None
    text = output_of(name, option)
    found = re.search(r"\d+(?:\.\d+)+|\b\d{1,3}\b", text)
    return found.group() if found else ""


def output_of(*command: str) -> str:
    """What a command prints; empty when it cannot be started, fails or does not end."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # `java -version` answers on stderr.
    return done.stdout + done.stderr if done.returncode == 0 else ""
