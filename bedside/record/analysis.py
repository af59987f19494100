"""The analysis of a trial as it lies in the visit's folder, believed only where it is the one that was journalled."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from bedside.events import CaptureAnalysed


def analysis(done: CaptureAnalysed | None, visit: Path) -> dict[str, Any]:
    """The whole analysis of one trial; empty where its file is missing or is not the one that was journalled."""
    path = visit / done.report if done is not None and done.report else None
    if done is None or path is None or not path.is_file():
        return {}
    data = path.read_bytes()
    if sha256(data).hexdigest() != done.sha256:
        return {}
    found = json.loads(data)
    if isinstance(found, list):
        found = found[0] if found else {}
    return found if isinstance(found, dict) else {}
