"""The participants' records on this box: found by number, and made once when somebody is enrolled."""

import os
import re
from pathlib import Path

import msgspec
import tomli_w

from bedside.commands import EnrolParticipant
from bedside.config import Participant, load_participant
from bedside.config.people import CODE
from bedside.record.fsutil import SYSTEM
from bedside.refusal import Refusal

LONGEST = 40
ALLOWED = {
    "code": "a study number has 2 to 20 letters, digits or hyphens, no hyphen first",
    "second_identifier": "it has 2 to 40 characters",
    "height_cm": "80 to 230 cm",
}


def find_participant(data: Path, code: str) -> Participant:
    """The record of a participant; raises `Refusal` for an unknown number, `ConfigError` for a broken record."""
    path = data / "participants" / f"{code}.toml"
    if re.fullmatch(CODE, code) is None or not path.is_file():
        raise Refusal(f"no participant {code[:LONGEST]!r} on this box", "check the number on the study card")
    return load_participant(path)


def enrol_participant(data: Path, study: str, asked: EnrolParticipant) -> Participant:
    """Make the record of somebody seen for the first time, durably and readable by the station alone.

    Raises `Refusal` for values that cannot be, for a number that is taken, and for a disk that does not take it.
    """
    given: dict[str, object] = {"code": asked.participant, "study": study}
    given |= {key: value for key, value in msgspec.structs.asdict(asked).items() if key != "participant"}
    table = {key: value for key, value in given.items() if value is not None}
    try:
        record = msgspec.convert(table, Participant)
    except msgspec.ValidationError as error:
        key = str(error).rpartition("$.")[2].rstrip("`")
        raise Refusal(f"this cannot be the {key.replace('_', ' ')}", ALLOWED.get(key, "correct it")) from None
    folder = data / "participants"
    path = folder / f"{record.code}.toml"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(found.stem.casefold() == record.code.casefold() for found in folder.glob("*.toml")):
            raise Refusal(f"participant {record.code} is on this box already", "open the visit, or check the number")
        _put(path, tomli_w.dumps(table).encode())
    except FileExistsError:
        raise Refusal(f"participant {record.code} is on this box already", "check the number") from None
    except OSError as error:
        raise Refusal(f"the record cannot be written: {error}", "free space on the data disk") from error
    return record


def _put(path: Path, content: bytes) -> None:
    """The whole file or none, also over a power cut; raises FileExistsError rather than replace one."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    try:
        SYSTEM.write(fd, content)
        SYSTEM.fdatasync(fd)
        os.link(temporary, path)
    finally:
        os.close(fd)
        temporary.unlink()
    SYSTEM.fsync_folder(path.parent)
