"""Staff and participants: codes and study numbers; a PIN is only ever held as a salted scrypt hash."""

import base64
import hashlib
import hmac
import os
from typing import Annotated, Literal

from msgspec import Meta

from bedside.config.strict import Section

Side = Literal["left", "right"]
Profession = Literal["therapist", "physician", "assessor", "engineer"]
CODE = r"^[A-Za-z0-9][A-Za-z0-9-]{1,19}\Z"
"""A study number; it names files, so nothing else may be in it, not even a line's end."""
_SCRYPT = {"n": 1 << 14, "r": 8, "p": 1, "dklen": 32}


class StaffMember(Section, frozen=True, kw_only=True):
    """One person; `pin` is "scrypt$<salt>$<hash>" in base64."""

    code: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,15}$")]
    name: str
    profession: Profession
    pin: Annotated[str, Meta(pattern=r"^scrypt\$[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+$")]


class StaffFile(Section, frozen=True, kw_only=True):
    """staff.toml."""

    staff: tuple[StaffMember, ...]


class Participant(Section, frozen=True, kw_only=True):
    """participants/<number>.toml: no name, no date of birth. `tms` and `arm` are the arm's sealed part.

    With `tms` "unknown", as after enrolment, somebody can be assessed but not treated.
    `arm` is the participant's arm in a study with direct current, empty in others.
    """

    code: Annotated[str, Meta(pattern=CODE)]
    study: str
    second_identifier: Annotated[str, Meta(min_length=2, max_length=40)]
    lesion_hemisphere: Side | None = None
    paretic_side: Side | None = None
    tms: Literal["active", "sham", "none", "unknown"] = "unknown"
    arm: Annotated[str, Meta(max_length=20)] = ""
    preset: str = ""
    height_cm: Annotated[float, Meta(ge=80, le=230)] | None = None
    consent_version: str
    consent_date: str
    side_override_by: str = ""


def hash_pin(pin: str, salt: bytes | None = None) -> str:
    """The stored form of a PIN: scrypt (RFC 7914; n 16384, r 8, p 1) with a random 16-byte salt."""
    salt = os.urandom(16) if salt is None else salt
    key = hashlib.scrypt(
        pin.encode(), salt=salt, n=_SCRYPT["n"], r=_SCRYPT["r"], p=_SCRYPT["p"], dklen=_SCRYPT["dklen"]
    )
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"


def pin_matches(member: StaffMember, pin: str) -> bool:
    """Whether `pin` is this member's, compared in constant time."""
    try:
        salt = base64.b64decode(member.pin.split("$")[1], validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(hash_pin(pin, salt), member.pin)


def second_identifier_matches(participant: Participant, typed: str) -> bool:
    """Whether the second identifier was typed right; case and spaces do not matter."""

    def plain(text: str) -> bytes:
        return "".join(text.split()).casefold().encode()

    return hmac.compare_digest(plain(participant.second_identifier), plain(typed))
