"""What a clinical scale's file must agree with itself about."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from bedside.config.scales import Gate, Implies, Mcid, Scale, ScaleItem, Speed, Subscore
from bedside.config.strict import ConfigError


def nearest(name: str, known: Sequence[str]) -> str:
    """The remedy for an unknown name: the nearest known one, or all of them."""
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"


def check_scale(path: Path, scale: Scale) -> None:
    """Raises `ConfigError` naming the key where the scale contradicts itself."""
    if scale.id != path.stem:
        raise ConfigError(path, "id", f"is '{scale.id}' in a file called '{path.stem}'", "make both the same")
    _once(path, "items", [item.code for item in scale.items])
    _once(path, "subscores", [part.id for part in scale.subscores])
    for item in scale.items:
        _item(path, scale, item)
    _recode(path, scale)
    for part in scale.subscores:
        _subscore(path, scale, part)
    _total(path, scale)
    for place, rule in enumerate(scale.rules):
        _rule(path, scale, f"rules[{place}]", rule)
    for place, mcid in enumerate(scale.mcid):
        check_mcid(path, f"mcid[{place}]", mcid)
    for code in scale.conditions:
        _known(path, "conditions", code, scale)


def _once(path: Path, key: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(path, f"{key}.{name}", "is used twice", "give each its own name")
        seen.add(name)


def _known(path: Path, key: str, code: str, scale: Scale) -> ScaleItem:
    item = scale.item(code)
    if item is None:
        codes = [item.code for item in scale.items]
        raise ConfigError(path, key, f"there is no item '{code}'", nearest(code, codes))
    return item


def _item(path: Path, scale: Scale, item: ScaleItem) -> None:
    key = f"items.{item.code}"
    listed = item.kind in {"levels", "choice"}
    if listed and not item.allowed:
        raise ConfigError(path, f"{key}.allowed", "is empty", "list the levels as texts, lowest first")
    if not listed and item.allowed:
        raise ConfigError(path, f"{key}.allowed", f"means nothing for a {item.kind}", "leave it out")
    _once(path, f"{key}.allowed", item.allowed)
    if item.meanings and len(item.meanings) != len(item.allowed):
        problem = f"has {len(item.meanings)} texts for {len(item.allowed)} levels"
        raise ConfigError(path, f"{key}.meanings", problem, "say each level once")
    if item.kind == "number" and (item.low is None or item.high is None or not item.low < item.high):
        raise ConfigError(path, f"{key}.low", "low and high are no range", "give both, the lower value first")
    if item.kind != "number" and (item.low is not None or item.high is not None or item.digits):
        raise ConfigError(path, f"{key}.low", f"low, high and digits mean nothing for {item.kind}", "leave them out")
    if item.beside:
        _known(path, f"{key}.beside", item.beside, scale)


def _recode(path: Path, scale: Scale) -> None:
    """Each level counts something, or is declared untested; and nothing is declared that no item has."""
    levels = {level: item.code for item in scale.items if item.kind == "levels" for level in item.allowed}
    for level, code in levels.items():
        try:
            scale.number(level)
        except ValueError:
            raise ConfigError(
                path, f"items.{code}.allowed", f"'{level}' is no number", f'declare it: recode."{level}", or untested'
            ) from None
    for item in scale.items:
        if item.kind == "levels" and all(level in scale.untested for level in item.allowed):
            raise ConfigError(path, f"items.{item.code}.allowed", "has no level that counts", "add one")
    for key, names in (("recode", list(scale.recode)), ("untested", list(scale.untested))):
        for name in names:
            if name not in levels:
                raise ConfigError(path, f"{key}.{name}", "no item has this level", nearest(name, list(levels)))


def span(scale: Scale, items: Iterable[ScaleItem]) -> tuple[float, float]:
    """The lowest and the highest sum that the items' levels can give."""
    low = high = 0.0
    for item in items:
        numbers = [number for level in item.allowed if (number := scale.number(level)) is not None]
        low, high = low + min(numbers), high + max(numbers)
    return low, high


def _subscore(path: Path, scale: Scale, part: Subscore) -> None:
    key = f"subscores.{part.id}"
    _once(path, f"{key}.items", part.items)
    items = [_known(path, f"{key}.items", code, scale) for code in part.items]
    for item in items:
        if item.kind != "levels":
            raise ConfigError(path, f"{key}.items", f"{item.code} has no levels to add", "leave it out")
    highest = span(scale, items)[1]
    if highest != part.max:
        problem = f"is {part.max:g}; its items add up to {highest:g}"
        raise ConfigError(path, f"{key}.max", problem, "correct the maximum or the items")


def _total(path: Path, scale: Scale) -> None:
    if (scale.max is None) != (scale.min is None):
        raise ConfigError(path, "max", "stands without min, or min without max", "give both, or none for no total")
    if scale.max is None or scale.min is None:
        return
    if scale.speed is not None:
        raise ConfigError(path, "max", "a speed has no highest sum", "leave max and min out")
    items = [item for item in scale.items if item.kind == "levels"]
    for item in items:
        if not item.required:
            problem = "counts in the total but may be left out"
            raise ConfigError(path, f"items.{item.code}.required", problem, "make it required")
    low, high = span(scale, items)
    for key, told, worked_out in (("max", scale.max, high), ("min", scale.min, low)):
        if told != worked_out:
            problem = f"is {told:g}; the items add up to {worked_out:g}"
            raise ConfigError(path, key, problem, "correct the total or the items")


def _rule(path: Path, scale: Scale, key: str, rule: Implies | Gate | Speed) -> None:
    if isinstance(rule, Speed):
        for code, unit in ((rule.length, "m"), (rule.course, "m"), *((code, "s") for code in rule.times)):
            item = _known(path, key, code, scale)
            if item.kind != "number" or item.unit != unit or item.low is None or item.low <= 0:
                raise ConfigError(
                    path, key, f"{code} is no number above 0 in {unit}", f'kind = "number", unit "{unit}"'
                )
        return
    if isinstance(rule, Implies):
        _level(path, f"{key}.equals", _known(path, f"{key}.when", rule.when, scale), rule.equals)
    elif rule.full not in {part.id for part in scale.subscores}:
        parts = [part.id for part in scale.subscores]
        raise ConfigError(path, f"{key}.full", f"there is no sub-score '{rule.full}'", nearest(rule.full, parts))
    if rule.then in _reasons(scale, rule):
        raise ConfigError(path, f"{key}.then", f"'{rule.then}' is its own reason", "name the item that follows")
    _level(path, f"{key}.value", _known(path, f"{key}.then", rule.then, scale), rule.value)


def _reasons(scale: Scale, rule: Implies | Gate) -> tuple[str, ...]:
    """The items that decide whether the rule holds."""
    if isinstance(rule, Implies):
        return (rule.when,)
    return next(part.items for part in scale.subscores if part.id == rule.full)


def _level(path: Path, key: str, item: ScaleItem, level: str) -> None:
    if level not in item.allowed:
        problem = f"{item.code} has no level '{level}'"
        raise ConfigError(path, key, problem, f"its levels are {', '.join(item.allowed) or 'none'}")


def check_mcid(path: Path, key: str, mcid: Mcid) -> None:
    """Raise `ConfigError` for a change that is neither one value nor a band."""
    band = mcid.low is not None and mcid.high is not None
    if (mcid.value is not None) == band or (mcid.low is None) != (mcid.high is None):
        raise ConfigError(path, f"{key}.value", "is neither one value nor a band", "give value, or low and high")
    if band and not mcid.least < mcid.most:
        problem = f"{mcid.least:g} to {mcid.most:g} is no band"
        raise ConfigError(path, f"{key}.low", problem, "write the lower value first")
