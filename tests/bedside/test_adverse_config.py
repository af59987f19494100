"""adverse.toml: what it must hold so that an adverse event can be described, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bedside.config import ConfigError, load_adverse
from tests.helpers.bed import CONFIGS

TEXT = (CONFIGS / "adverse.toml").read_text(encoding="utf-8")


def test_the_shipped_file_asks_what_a_trial_reports() -> None:
    adverse = load_adverse(CONFIGS)
    by_id = {detail.id: detail for detail in adverse.details}
    assert by_id["relation"].choices == ("none", "unlikely", "possible", "probable", "definite")
    assert by_id["action"].choices == ("none", "paused", "reduced", "stopped", "withdrawn")
    assert len([detail for detail in adverse.details if detail.criterion]) == 6
    assert adverse.notify is not None
    assert not adverse.notify.verified, "recalled: each site has its own rule"


def test_a_file_of_categories_alone_asks_for_severities_alone(tmp_path: Path) -> None:
    head = TEXT[: TEXT.index("[[details]]")].replace('["improving", "not resolved", "not known"]', "[]")
    (tmp_path / "adverse.toml").write_text(head, encoding="utf-8")
    assert load_adverse(tmp_path).details == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace('"improving", "not', '"better", "not', 1), "'better' is no outcome"),
        (lambda text: text.replace('id = "outcome"', 'id = "result"'), "there is no 'outcome'"),
        (lambda text: text.replace('id = "action"', 'id = "onset"'), "one is there twice"),
        (lambda text: text.replace("criterion = true\n", "criterion = false\n"), "has no place in a description"),
        (lambda text: text.replace('detail = "serious"', 'detail = "grave"', 1), "there is no 'grave'"),
        (lambda text: text.replace('detail = "serious"', 'detail = "relation"', 1), "there is no 'relation'"),
        (lambda text: text.replace('"reduced"', '"reduced", 1'), "details"),
        (lambda text: text.replace("within_h = 24.0", "within_h = 0.0"), "within_h"),
    ],
)
def test_what_would_leave_a_description_incomplete_is_refused(
    change: Callable[[str], str], words: str, tmp_path: Path
) -> None:
    changed = change(TEXT)
    assert changed != TEXT
    (tmp_path / "adverse.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError, match=words) as refused:
        load_adverse(tmp_path)
    assert refused.value.remedy
