"""What must hold of the details of adverse.toml, so that an adverse event can be described by them."""

from pathlib import Path

from bedside.config.instruments import AdverseConfig, Detail
from bedside.config.strict import ConfigError

NAMED = ("onset", "began_on", "relation", "action", "outcome", "lasted_min", "serious", "told_to", "words")
"""The details that an event's description has a place for; all others are criteria of seriousness."""


def check_adverse(path: Path, config: AdverseConfig) -> None:
    """Raise `ConfigError` for details that leave a description incomplete, or that nothing would keep."""
    if not config.details:
        return
    known = {detail.id: detail for detail in config.details}
    if len(known) != len(config.details):
        raise ConfigError(path, "details", "one is there twice", "give each detail its own id")
    missing = next((name for name in NAMED if name not in known), None)
    if missing is not None:
        raise ConfigError(path, "details", f"there is no '{missing}'", f"needed: {', '.join(NAMED)}")
    for detail in config.details:
        _check(path, detail, known)
    if not any(detail.criterion for detail in config.details):
        raise ConfigError(path, "details", "no criterion of seriousness", "write criterion = true in each of them")
    outcomes = known["outcome"].choices
    strange = next((outcome for outcome in config.open_outcomes if outcome not in outcomes), None)
    if strange is not None:
        raise ConfigError(path, "open_outcomes", f"'{strange}' is no outcome", f"choose from {', '.join(outcomes)}")


def _check(path: Path, detail: Detail, known: dict[str, Detail]) -> None:
    key = f"details.{detail.id}"
    if detail.kind == "choice" and not detail.choices:
        raise ConfigError(path, f"{key}.choices", "is empty", "list the choices")
    if detail.criterion == (detail.id in NAMED) or (detail.criterion and detail.kind != "yesno"):
        raise ConfigError(path, key, "has no place in a description", f"a criterion, asked with yesno, or {NAMED}")
    if detail.when is not None and (detail.when.detail not in known or known[detail.when.detail].each_modality):
        raise ConfigError(path, f"{key}.when", f"there is no '{detail.when.detail}'", "name another detail")
