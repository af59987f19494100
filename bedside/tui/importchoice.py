"""Which table of another program becomes a trial: the choice as a form shows it, and the command it makes."""

from bedside import commands
from bedside.commands import AnyCommand
from bedside.snapshot import ImportLine, Imports, Item
from bedside.tui.deedkinds import Answers, Ask, entry, text
from bedside.tui.offers import may_command, possible
from bedside.tui.picture import Picture, body_kind

CHANGED = "this file has changed meanwhile: leave with Esc and choose again"


def offered(picture: Picture) -> str | None:
    """Works on an open capture, greyed with the station's reason, or while no file fits."""
    if body_kind(picture) != "capture" or picture.capture is None:
        return None
    said = possible("capture.import")(picture)
    if said is None or said:
        return said
    found = picture.capture.imports
    return may_command(picture) or ("" if found is not None and found.choices else _nothing(found))


def _nothing(found: Imports | None) -> str:
    """Why there is nothing to choose, and where files belong."""
    if found is None:
        return "the import folder was not looked at yet"
    return "; ".join([f"no file in {found.folder} fits", *found.notes])


def choices(picture: Picture) -> dict[str, ImportLine]:
    """The files with the mapping that reads each, by how they are called in the choice; newest first."""
    found = picture.capture.imports if picture.capture is not None else None
    return {_words(line, picture.snapshot.utc): line for line in (found.choices if found is not None else ())}


def _words(line: ImportLine, utc: str) -> str:
    day, at = line.written[:10], line.written[11:16]
    when = f"{at} UTC" if day and day == utc[:10] else day or "no day known"
    doubt = "" if line.verified else ", not verified"
    return f"{line.file}, {when}, {line.holds} by {line.mapping}{doubt}"


def _items(picture: Picture) -> tuple[Item, ...]:
    found = picture.capture.imports if picture.capture is not None else None
    folder = f"files in {found.folder}, newest first" if found is not None else ""
    hint = "; ".join([folder, *(found.notes if found is not None else ())])
    return (entry("file", "Which file, read by which mapping", "choice", choices=tuple(choices(picture)), hint=hint),)


def _build(answers: Answers, picture: Picture) -> AnyCommand | str:
    line = choices(picture).get(text(answers, "file"))
    if line is None:
        return CHANGED
    task = picture.marked_task
    if not task:
        return "no task is open"
    return commands.ImportTrial(task=task, file=line.file, mapping=line.mapping, bytes=line.bytes)


IMPORT = Ask("Import a trial", _items, _build, "Import")
