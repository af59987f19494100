"""Single pulses: the grid of sites, the list of trials, the next intensity and whether the muscle rests."""

from bedside.snapshot import Hunt, Site, Trial
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, number, row

_SITE_SIGNS = {"open": ".", "now": ">", "done": " ", "best": "*", "chosen": "#"}
_VERDICTS = {"response": "yes", "none": "no", "void": "void", "pending": "...", "failed": "FAIL"}


def next_rows(picture: Picture, width: int) -> list[Row]:
    """Next intensity with its reason, and whether the muscle is at rest."""
    hunt = picture.hunt
    if hunt is None:
        return [row(""), row("")]
    intensity = "hidden" if picture.private else number(hunt.next_pct_mso, 0, "%MSO")
    ready = f"ready in {hunt.ready_in_s:.0f} s" if hunt.ready_in_s > 0 else "ready"
    paced = "pulses come BY THEMSELVES, Space ends that" if hunt.pacing else ready
    reason = "" if picture.private else hunt.next_reason
    first: list[Span] = [(" next ", "dim"), (intensity, "strong"), (f"  {reason}", "text")]
    return [row(*first), row(*rest_spans(hunt), ("   ", "dim"), (paced, "look" if hunt.pacing else "text"))]


def rest_spans(hunt: Hunt) -> list[Span]:
    """The rest indicator in words: at rest, not at rest, or not known."""
    rms = number(hunt.rest_rms_uv, 0, "µV")
    if hunt.rest_ok is None:
        return [(" rest not known", "stale")]
    return [(f" at rest ({rms})", "ready")] if hunt.rest_ok else [(f" NOT AT REST ({rms})", "look")]


def estimate_row(picture: Picture) -> Row:
    """Threshold with its 95 % interval, as far as it is known."""
    hunt = picture.hunt
    if hunt is None or picture.private:
        return row("")
    if hunt.rmt_pct_mso is None:
        return row((" threshold not known yet", "dim"), (f"   criterion {hunt.criterion}", "dim"))
    low, high = number(hunt.low_pct_mso, 1), number(hunt.high_pct_mso, 1)
    words = f" threshold {hunt.rmt_pct_mso:.1f} %MSO ({low} to {high})"
    return row((words, "strong"), ("   found" if hunt.done else "   not sure yet", "ready" if hunt.done else "dim"))


def grid_rows(picture: Picture, width: int, height: int) -> list[Row]:
    """The sites as they lie on the head, front on top, each with its mean response; the marked one in brackets."""
    hunt = picture.hunt
    if hunt is None or not hunt.sites:
        return [row((" no grid", "dim"))]
    if picture.private:
        return [row((" grid hidden (F9)", "dim"))]
    xs = sorted({site.x_cm for site in hunt.sites})
    ys = sorted({site.y_cm for site in hunt.sites}, reverse=True)
    places = {(site.x_cm, site.y_cm): site for site in hunt.sites}
    marked = picture.marked_site
    each = max((width - 1) // max(len(xs), 1), 4)
    ys = _window(ys, next((site.y_cm for site in hunt.sites if site.id == marked), None), height - 2)
    lines = [row((" sites, mean µV, front up", "accent"))]
    for y_cm in ys:
        spans: list[Span] = [(" ", "text")]
        for x_cm in xs:
            spans.append(_site(places.get((x_cm, y_cm)), marked, each))
        lines.append(row(*spans))
    here = next((site for site in hunt.sites if site.id == marked), None)
    if here is not None:
        lines.append(row((f" {here.id}: {here.x_cm:+g} {here.y_cm:+g} cm, n={here.pulses}", "dim")))
    return lines


def _window(ys: list[float], centre: float | None, room: int) -> list[float]:
    if len(ys) <= room or room <= 0:
        return ys
    at = ys.index(centre) if centre in ys else 0
    first = min(max(at - room // 2, 0), len(ys) - room)
    return ys[first : first + room]


def _site(site: Site | None, marked: str | None, each: int) -> Span:
    if site is None:
        return (" " * each, "text")
    value = "-" if site.mean_uv is None else f"{site.mean_uv:.0f}"
    sign = _SITE_SIGNS[site.state]
    text = f"{sign}{value}"
    if site.id == marked:
        return (f"[{text}]".rjust(each)[:each], "cursor")
    style = {"best": "strong", "chosen": "strong", "now": "accent", "open": "dim"}.get(site.state, "text")
    return (f"{text} ".rjust(each)[:each], style)


def trial_rows(picture: Picture, height: int) -> list[Row]:
    """Trials, newest first, with verdict and reason; the marked one stands out and is told in words below."""
    hunt = picture.hunt
    head = row((" no %MSO  µV   ms", "accent"))
    if hunt is None or not hunt.trials:
        return [head, row((" no pulses yet", "dim"))]
    newest = list(hunt.trials[::-1])
    marked = next((trial for trial in newest if trial.pulse == picture.pulse), newest[0])
    room = max(height - 2, 1)
    first = min(max(newest.index(marked) - room + 1, 0), max(len(newest) - room, 0))
    rows = [_trial(trial, trial is marked, picture.private) for trial in newest[first : first + room]]
    return [head, *rows, row((f" {marked.pulse}: {_verdict(marked)}", "dim"), (f" {marked.reason}", "dim"))]


def _verdict(trial: Trial) -> str:
    return "rejected" if trial.rejected else _VERDICTS[trial.verdict] + ("?" if trial.borderline else "")


def _trial(trial: Trial, marked: bool, private: bool) -> Row:
    style = "cursor" if marked else "dim" if trial.rejected or trial.verdict == "void" else "text"
    amplitude = "--" if private else str(trial.amplitude_pct_mso)
    response = "--" if trial.response_uv is None else f"{trial.response_uv:.0f}"
    latency = "--" if trial.latency_ms is None else f"{trial.latency_ms:.1f}"
    words = f"{trial.pulse:3} {amplitude:>3} {response:>5} {latency:>5} {_verdict(trial)}"
    return row((words, style), (f"  {trial.reason}", style), ("", style))
