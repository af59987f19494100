"""Files of a journal that are named beside it, by a signature or by the visit's manifest: are they still there?

The chain shows what is missing between two files. Only this shows a file that is gone from the end of a visit.
"""

from collections.abc import Iterator
from pathlib import Path

from bedside.record.outbox import MANIFEST, read_manifest, sha256_of
from bedside.record.proof import Problem


def named_files(folder: Path) -> Iterator[Problem]:
    """What is gone, or is not what was sealed, of the files that are named for the journal in `folder`."""
    there = {path.name for path in folder.iterdir()}
    files = {name for name in there if not name.endswith(".sig")}
    for signature in sorted(there - files):
        name = signature.removesuffix(".sig")
        # one that was set aside has its name with an ending
        if not any(file.startswith(name) for file in files):
            yield _problem(name, f"missing; {signature} signs it")
    yield from _of_the_manifest(folder)


def _of_the_manifest(folder: Path) -> Iterator[Problem]:
    try:
        manifest = read_manifest(folder.parent)
    except ValueError as error:
        yield _problem(MANIFEST, str(error))
        return
    for file in manifest.files if manifest else ():
        part, _, name = file.name.partition("/")
        if part != folder.name:
            continue
        if not (folder / name).is_file():
            yield _problem(name, f"missing; {MANIFEST} names it")
        elif sha256_of(folder / name) != file.sha256:
            yield _problem(name, f"altered since {MANIFEST} named it")


def _problem(file: str, reason: str) -> Problem:
    return Problem(file=file, line=None, offset=None, reason=reason)
