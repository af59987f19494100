"""Reading clinical scales and a site's licensed wording: what does not fit together names file, key and remedy."""

import hashlib
from pathlib import Path

from msgspec import structs

from bedside.config.scale_checks import check_scale, nearest
from bedside.config.scales import Overlay, OverlayFile, Scale
from bedside.config.strict import ConfigError, files_in, is_there, read


def load_scales(folder: Path) -> dict[str, Scale]:
    """All instruments/scales/*.toml by id, in the order in which they are offered; raises `ConfigError`."""
    found: list[Scale] = []
    owners: dict[str, str] = {}
    for path in files_in(folder / "instruments" / "scales"):
        scale = read(path, Scale)
        check_scale(path, scale)
        for item in scale.items:
            if item.code in owners:
                raise ConfigError(path, f"items.{item.code}", f"is also in {owners[item.code]}", "choose another code")
            owners[item.code] = scale.id
        found.append(structs.replace(scale, sha256=_sha256(path)))
    for scale in found:
        for entry in scale.contrary:
            if entry.scale not in {other.id for other in found}:
                path = folder / "instruments" / "scales" / f"{scale.id}.toml"
                remedy = nearest(entry.scale, [other.id for other in found])
                raise ConfigError(path, "contrary.scale", f"there is no scale '{entry.scale}'", remedy)
    return {scale.id: scale for scale in sorted(found, key=lambda scale: (scale.order, scale.id))}


def load_overlay(path: Path, scale: Scale) -> Overlay:
    """A site's wording for `scale`, by item code; empty where the file does not exist; raises `ConfigError`."""
    if not is_there(path):
        return Overlay(scale=scale.id, version=scale.version, licence="none", language="", items={}, sha256="")
    told = read(path, OverlayFile)
    if told.scale != scale.id:
        raise ConfigError(path, "scale", f"is '{told.scale}', not '{scale.id}'", "name the file after its scale")
    if told.version != scale.version:
        problem = f"is for version '{told.version}'; the scale is version '{scale.version}'"
        raise ConfigError(path, "version", problem, "use the wording of the version that is scored")
    codes = [item.code for item in scale.items]
    for code, words in told.items.items():
        if code not in codes:
            raise ConfigError(path, f"items.{code}", f"{scale.id} has no such item", nearest(code, codes))
        if not words.strip():
            raise ConfigError(path, f"items.{code}", "is empty", "write the wording, or leave the line out")
    return Overlay(**structs.asdict(told), sha256=_sha256(path))


def load_overlays(folder: Path, scales: dict[str, Scale]) -> dict[str, Overlay]:
    """The wording of `folder`/overlays for each scale; raises `ConfigError`, also for a file that fits no scale."""
    for path in files_in(folder / "overlays"):
        if path.stem not in scales:
            raise ConfigError(path, "", f"there is no scale '{path.stem}'", nearest(path.stem, list(scales)))
    return {name: load_overlay(folder / "overlays" / f"{name}.toml", scale) for name, scale in scales.items()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
