"""A report as one self-contained HTML file: no script, nothing fetched, prints on A4, headings and tables that a
screen reader can walk through.
"""

from html import escape
from itertools import count

from bedside.report.chart import svg
from bedside.report.model import Report, Section, Table

STYLE = """
@page { size: A4; margin: 18mm 16mm; }
:root { color-scheme: light; }
body { font: 11pt/1.45 system-ui, "DejaVu Sans", sans-serif; color: #111; background: #fff; max-width: 180mm;
  margin: 8mm auto; padding: 0 4mm; }
h1 { font-size: 17pt; margin: 0 0 4mm; }
h2 { font-size: 13pt; margin: 8mm 0 2mm; border-bottom: 1px solid #555; break-after: avoid; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .5mm 6mm; margin: 0; }
dt { font-weight: 600; } dd { margin: 0; }
table { border-collapse: collapse; width: 100%; margin: 3mm 0; font-size: 9.5pt; }
caption { text-align: left; font-weight: 600; padding-bottom: 1mm; }
th, td { border: 1px solid #777; padding: 1mm 2mm; text-align: left; vertical-align: top; overflow-wrap: break-word; }
thead th { background: #eee; } thead { display: table-header-group; } tr { break-inside: avoid; }
figure { margin: 4mm 0; break-inside: avoid; } figcaption { font-size: 9.5pt; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: #111; }
svg .grid { stroke: #ddd; } svg .frame { fill: none; stroke: #555; }
.warning { border: 2px solid #111; padding: 2mm 3mm; margin: 2mm 0; font-weight: 600; }
footer { margin-top: 8mm; font-size: 9pt; border-top: 1px solid #555; padding-top: 2mm; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(report: Report) -> str:
    """The whole document."""
    numbers = count(1)
    body = [f"<h1>{escape(report.title)}</h1>", *_warnings(report.warnings), _facts(report)]
    for section in report.sections:
        body += _section(section, numbers)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(report.title)}</title>",
            f"<style>{STYLE}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            f"<footer>{escape(report.footer)}</footer>",
            "</body>",
            "</html>",
            "",
        ]
    )


def _warnings(warnings: tuple[str, ...]) -> list[str]:
    return [f'<p class="warning">{escape(text)}</p>' for text in warnings]


def _facts(report: Report) -> str:
    rows = "\n".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in report.facts)
    return f"<dl>\n{rows}\n</dl>"


def _section(section: Section, numbers: "count[int]") -> list[str]:
    number = next(numbers)
    parts = [f'<section aria-labelledby="h{number}">', f'<h2 id="h{number}">{escape(section.title)}</h2>']
    parts += _warnings(section.warnings)
    parts += [f"<p>{escape(text)}</p>" for text in section.paragraphs]
    parts += [_table(table) for table in section.tables]
    for figure in section.figures:
        words = f"{figure.caption}. {figure.note}" if figure.note else figure.caption
        caption = f"<figcaption>{escape(words)}</figcaption>"
        parts.append(f"<figure>\n{svg(figure, next(numbers))}\n{caption}\n</figure>")
    return [*parts, "</section>"]


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = []
    for first, *others in table.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in others)
        rows.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    lines = "\n".join(rows)
    return (
        f"<table>\n<caption>{escape(table.caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{lines}\n</tbody>\n</table>"
    )
