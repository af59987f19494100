"""The unlock code of a Magstim, as the service manager hands it over (systemd's CREDENTIALS_DIRECTORY)."""

import re
from collections.abc import Mapping
from pathlib import Path

from hal.device import SetupError
from hal.drivers.stimulator.magstim_codec import checksum

_CODE = re.compile(r"[0-9A-Za-z]+(-[0-9A-Za-z]+)*")


def read_unlock_code(credential: str, environ: Mapping[str, str]) -> str:
    """The code in the credential, hyphens kept as its maker gives them; raises `SetupError` with a remedy.

    The code ends before its checksum; users leave that character on (magpy issue 5), and the device then only says
    "not understood". It is recognised here.
    """
    if not credential:
        raise SetupError(
            "the stimulator's software needs an unlock code, and none is configured",
            remedy="ask Magstim for the code, store it as a credential of the service and name it in unlock_credential",
        )
    folder = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder) / credential if folder else None
    try:
        raw = path.read_bytes() if path is not None else None
    except OSError as error:
        raise SetupError(
            f"the unlock code {credential!r} cannot be read: {error.strerror}",
            remedy=f"give the service the credential {credential!r} (LoadCredential= or LoadCredentialEncrypted=)",
        ) from error
    if raw is None:
        raise SetupError(
            f"no credentials were handed to this program, so the unlock code {credential!r} is missing",
            remedy=f"start it as a service with LoadCredential={credential}:FILE",
        )
    return check_unlock_code(raw.decode("latin-1").strip("\r\n\t "))


def check_unlock_code(code: str) -> str:
    """The code as it is sent; raises `SetupError` for one that still has its checksum, or is no code."""
    body = code[:-1]
    if _CODE.fullmatch(body) and ord(code[-1]) == checksum(b"Q" + body.encode("ascii")):
        raise SetupError(
            "the unlock code still has its checksum character at the end", remedy="store it without its last character"
        )
    if not _CODE.fullmatch(code):
        raise SetupError(
            "the unlock code is not letters, digits and hyphens",
            remedy="store it as Magstim gives it, hyphens included, without the checksum character at its end",
        )
    return code
