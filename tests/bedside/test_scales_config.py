"""Clinical scales as files: the shipped ones agree with themselves, everything broken is refused by name."""

import hashlib
import shutil
from pathlib import Path

import pytest

from bedside.assess.scoring import Entry, standing
from bedside.config import (
    ConfigError,
    Scale,
    config_hash,
    load_instruments,
    load_overlay,
    load_overlays,
    load_scales,
)

CONFIGS = Path(__file__).parents[2] / "configs"
SCALES = "instruments/scales"

GRIP = """
id = "grip"
version = "1"
title = "Grip"
source = "own wording"
rights = "own wording"
direction = "higher"
max = 4.0
min = 0.0

[[items]]
code = "GRP01"
label = "right hand closes"
allowed = ["0", "1", "2"]
side = "right"

[[items]]
code = "GRP02"
label = "left hand closes"
allowed = ["0", "1", "2", "NT"]
side = "left"

"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / "configs"))


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A configuration with no scale yet."""
    (tmp_path / SCALES).mkdir(parents=True)
    return tmp_path


def write(folder: Path, more: str = 'untested = ["NT"]', old: str = "", new: str = "") -> Path:
    """The scale `grip` with `old` exchanged for `new`; `more` comes before its first item."""
    text = GRIP.replace("min = 0.0\n", f"min = 0.0\n{more}\n", 1)
    assert old in text, "the fault fired"
    path = folder / SCALES / "grip.toml"
    path.write_text(text.replace(old, new, 1) if old else text)
    return path


def test_the_shipped_scales_load_in_the_order_of_an_assessment_day() -> None:
    found = load_scales(CONFIGS)
    assert [name for name in found if name in {"fma_le", "bbs", "mmt", "fac"}] == ["fac", "fma_le", "bbs", "mmt"]
    for name in ("lems", "mas", "ten_metre_walk", "barthel", "blinding_guess", "vitals_wellness"):
        path = CONFIGS / SCALES / f"{name}.toml"
        assert found[name].sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_labels_are_short_and_ours() -> None:
    for scale in load_scales(CONFIGS).values():
        for item in scale.items:
            for words in (item.label, item.hint, *item.meanings):
                assert len(words.split()) <= 12, f"{item.code}: {words}"


def test_the_safety_screen_and_the_adverse_events_are_asked_in_one_form_each() -> None:
    forms = load_instruments(CONFIGS)
    assert len(forms["tass"].items) == 13
    assert "ae_open" in {item.id for item in forms["adverse_events"].items}
    assert {"tass", "adverse_events"}.isdisjoint(load_scales(CONFIGS))


def test_recalled_numbers_are_not_called_verified() -> None:
    found = load_scales(CONFIGS)
    assert not any(item.verified for item in found["barthel"].items)
    assert not any(part.verified for part in found["fma_le"].subscores)
    assert not any(mcid.verified for name in ("mas", "barthel") for mcid in found[name].mcid)
    for scale in found.values():
        for mcid in scale.mcid:
            assert mcid.verified != (mcid.source == "recalled")
            assert mcid.error is None or not mcid.error_verified


def test_meaningful_changes_are_those_of_the_studies() -> None:
    found = load_scales(CONFIGS)
    assert (found["fma_le"].mcid[0].value, found["fma_le"].mcid[0].population) == (6.0, "chronic stroke")
    band = found["bbs"].mcid[0]
    assert (band.value, band.low, band.high) == (None, 4.0, 5.0)
    assert found["ten_metre_walk"].mcid[0].value == 0.16
    assert found["mmt"].mcid == found["lems"].mcid == ()


def test_a_scale_is_added_by_a_file_alone(folder: Path) -> None:
    before = set(load_scales(folder))
    write(folder)
    found = load_scales(folder)
    assert set(found) == before | {"grip"}
    grip = found["grip"]
    assert standing(grip, {"GRP01": Entry("2"), "GRP02": Entry("1")}).total == 3
    assert standing(grip, {"GRP01": Entry("2"), "GRP02": Entry("NT")}).total is None
    assert standing(grip, {"GRP01": Entry("2")}).next_code == "GRP02"


NT = 'untested = ["NT"]'
SUB = '[[subscores]]\nid = "right"\nlabel = "right"\nitems = ["GRP01"]\nmax = 2.0\n'
MCID = '[[mcid]]\npopulation = "people"\nmethod = "anchor"\nsource = "here"\nverified = true\n'
SPEED = '[[rules]]\nkind = "speed"\nlength = "GRP01"\ncourse = "GRP01"\ntimes = ["GRP02"]\nfastest_m_s = 4.0\n'


@pytest.mark.parametrize(
    ("more", "old", "new", "words"),
    [
        (NT, 'id = "grip"', 'id = "grasp"', ["grip.toml", "id", "grasp", "make both the same"]),
        (NT, 'code = "GRP02"', 'code = "GRP01"', ["items.GRP01", "twice"]),
        (NT, 'code = "GRP02"', 'code = "GRP02LONG"', ["items[1].code"]),
        (NT, 'code = "GRP02"', 'code = "BBS02"', ["items.BBS02", "also in bbs", "another code"]),
        (NT, "max = 4.0", "max = 5.0", ["max", "is 5", "add up to 4"]),
        (NT, "min = 0.0", "min = 1.0", ["min", "is 1", "add up to 0"]),
        (NT, "min = 0.0\n", "", ["max", "without min"]),
        (NT, 'allowed = ["0", "1", "2"]', "allowed = []", ["items.GRP01.allowed", "is empty", "list the levels"]),
        (NT, '["0", "1", "2"]', '["0", "1", "1"]', ["items.GRP01.allowed.1", "twice"]),
        (NT, '["0", "1", "2"]', '["NT"]', ["items.GRP01.allowed", "no level that counts"]),
        (NT, '["0", "1", "2"]', '["0", "1+", "2"]', ["items.GRP01.allowed", "'1+' is no number", 'recode."1+"']),
        (NT, '["0", "1", "2"]', '["0", "inf", "2"]', ["'inf' is no number"]),
        ("", "", "", ["items.GRP02.allowed", "'NT' is no number", "untested"]),
        ('untested = ["NT", "NTX"]', "", "", ["untested.NTX", "no item has this level", "did you mean 'NT'"]),
        (NT + '\nrecode = {"1+" = 1.5}', "", "", ["recode.1+", "no item has this level"]),
        (NT, 'side = "left"', 'side = "left"\nrequired = false', ["items.GRP02.required", "may be left out"]),
        (NT, 'side = "left"', 'side = "left"\nmeanings = ["no"]', ["items.GRP02.meanings", "1 texts for 4"]),
        (NT, 'side = "left"', 'side = "left"\nlow = 0.0', ["items.GRP02.low", "mean nothing for levels"]),
        (NT, 'side = "left"', 'side = "left"\nbeside = "GRP9"', ["items.GRP02.beside", "no item 'GRP9'"]),
        (NT, 'side = "left"', 'side = "left"\nkind = "number"', ["items.GRP02.allowed", "means nothing"]),
        (NT, 'side = "left"', 'side = "lefft"', ["items[1].side", "lefft"]),
        (NT, 'side = "left"', 'sid = "left"', ["items[1].sid", "unknown key", "did you mean 'side'"]),
        (NT, 'version = "1"\n', "", ["version", "is missing"]),
        (NT, 'version = "1"', 'version = "1"\nsha256 = "ab"', ["sha256"]),
        (NT + '\nconditions = ["GRP3"]', "", "", ["conditions", "no item 'GRP3'", "did you mean"]),
        (NT, "\n\n[[items]]", f"\n{SUB}{SUB}\n[[items]]", ["subscores.right", "twice"]),
        (NT, "\n\n[[items]]", f"\n{SUB.replace('2.0', '3.0')}\n[[items]]", ["subscores.right.max", "is 3", "to 2"]),
        (NT, "\n\n[[items]]", f"\n{SUB.replace('GRP01', 'GRP7')}\n[[items]]", ["subscores.right.items", "'GRP7'"]),
        (NT, "\n\n[[items]]", '\n[[contrary]]\nscale = "fma"\nhere = "rises"\nthere = "falls"\n[[items]]', ["'fma'"]),
        (NT, "\n\n[[items]]", f"\n{MCID}\n[[items]]", ["mcid[0].value", "neither one value nor a band"]),
        (NT, "\n\n[[items]]", f"\n{MCID}value = 1.0\nlow = 1.0\n[[items]]", ["mcid[0].value", "give value, or low"]),
        (NT, "\n\n[[items]]", f"\n{MCID}low = 5.0\nhigh = 4.0\n[[items]]", ["mcid[0].low", "no band", "lower value"]),
        (NT, "\n\n[[items]]", f"\n{SPEED}\n[[items]]", ["max", "a speed has no highest sum"]),
    ],
)
def test_a_broken_scale_is_refused_by_file_key_and_remedy(
    folder: Path, more: str, old: str, new: str, words: list[str]
) -> None:
    write(folder, more, old, new)
    with pytest.raises(ConfigError) as refused:
        load_scales(folder)
    for word in ("grip.toml", *words):
        assert word in str(refused.value)
    assert refused.value.remedy


def test_the_parts_that_are_broken_above_are_sound(alone: Path) -> None:
    write(alone, NT, "\n\n[[items]]", f"\n{SUB}{MCID}value = 1.0\n\n[[items]]")
    grip = load_scales(alone)["grip"]
    assert (grip.subscores[0].max, grip.mcid[0].value) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (
            'kind = "implies"\nwhen = "GRP1"\nequals = "2"\nthen = "GRP02"\nvalue = "2"',
            ["when", "'GRP1'", "did you mean"],
        ),
        ('kind = "implies"\nwhen = "GRP01"\nequals = "3"\nthen = "GRP02"\nvalue = "2"', ["equals", "no level '3'"]),
        ('kind = "implies"\nwhen = "GRP01"\nequals = "2"\nthen = "GRP02"\nvalue = "4"', ["value", "0, 1, 2, NT"]),
        ('kind = "implies"\nwhen = "GRP01"\nequal = "2"\nthen = "GRP02"\nvalue = "2"', ["unknown key", "'equals'"]),
        ('kind = "implied"\nwhen = "GRP01"\nequals = "2"\nthen = "GRP02"\nvalue = "2"', ["rules", "implied"]),
        ('kind = "implies"\nwhen = "GRP01"\nequals = "2"\nthen = "GRP01"\nvalue = "2"', ["then", "its own reason"]),
        ('kind = "gate"\nfull = "right"\nthen = "GRP02"\nvalue = "0"', ["full", "no sub-score 'right'"]),
    ],
)
def test_a_rule_over_what_is_not_there_is_refused(alone: Path, rule: str, words: list[str]) -> None:
    write(alone, NT, "\n\n[[items]]", f"\n[[rules]]\n{rule}\n\n[[items]]")
    with pytest.raises(ConfigError) as refused:
        load_scales(alone)
    for word in ("grip.toml", "rules", *words):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('unit = "s"', 'unit = "ms"', ["rules[0]", "TMWT1", "in s"]),
        ("low = 0.5", "low = 0.0", ["rules[0]", "TMWT1", "above 0"]),
        ("high = 600.0", "high = 0.1", ["items.TMWT1.low", "no range"]),
        ('length = "TMWLEN"', 'length = "TMWAID"', ["rules[0]", "TMWAID is no number above 0 in m"]),
        ('allowed = ["comfortable", "fast"]\n', "", ["items.TMWPACE.allowed", "is empty"]),
    ],
)
def test_a_walk_over_wrong_units_is_refused(folder: Path, old: str, new: str, words: list[str]) -> None:
    path = folder / SCALES / "ten_metre_walk.toml"
    text = path.read_text()
    assert old in text, "the fault fired"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_scales(folder)
    for word in ("ten_metre_walk.toml", *words):
        assert word in str(refused.value)


OVERLAY = """
scale = "fma_le"
version = "17 items, full marks below 2 s"
licence = "held by the site"
language = "de"

[items]
FML01 = "licensed wording of the first item"
"""


def fma(folder: Path) -> Scale:
    return load_scales(folder)["fma_le"]


def test_a_sites_licensed_wording_replaces_our_label_and_its_hash_is_known(folder: Path) -> None:
    before = config_hash(folder)
    path = folder / "overlays" / "fma_le.toml"
    path.parent.mkdir()
    path.write_text(OVERLAY)
    overlay = load_overlay(path, fma(folder))
    assert overlay.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    first, second = fma(folder).items[:2]
    assert overlay.wording(first) == "licensed wording of the first item"
    assert overlay.wording(second) == second.label
    assert load_overlays(folder, load_scales(folder))["fma_le"] == overlay
    assert config_hash(folder) != before


def test_a_site_without_licensed_wording_has_our_labels() -> None:
    assert not (CONFIGS / "overlays").exists(), "licensed wording is never shipped"
    scale = fma(CONFIGS)
    overlay = load_overlay(CONFIGS / "overlays" / "fma_le.toml", scale)
    assert (overlay.sha256, overlay.items) == ("", {})
    assert overlay.wording(scale.items[0]) == scale.items[0].label


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("FML01", "FML91", ["items.FML91", "no such item", "FML"]),
        ('scale = "fma_le"', 'scale = "bbs"', ["scale", "'bbs'"]),
        ("below 2 s", "up to 1 s", ["version", "use the wording of the version"]),
        ("licensed wording of the first item", " ", ["items.FML01", "is empty"]),
        ('language = "de"\n', "", ["language", "is missing"]),
        ('language = "de"', 'language = "de"\nsha256 = "0"', ["sha256", "unknown key"]),
    ],
)
def test_a_broken_overlay_is_refused(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    path = tmp_path / "fma_le.toml"
    assert old in OVERLAY, "the fault fired"
    path.write_text(OVERLAY.replace(old, new, 1))
    with pytest.raises(ConfigError) as refused:
        load_overlay(path, fma(CONFIGS))
    for word in ("fma_le.toml", *words):
        assert word in str(refused.value)


def test_wording_for_a_scale_that_is_not_there_is_refused(folder: Path) -> None:
    (folder / "overlays").mkdir()
    (folder / "overlays" / "fma_ue.toml").write_text(OVERLAY)
    with pytest.raises(ConfigError, match=r"fma_ue.*did you mean 'fma_le'"):
        load_overlays(folder, load_scales(folder))
