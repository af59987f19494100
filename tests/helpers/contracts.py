"""An import contract that names what may be imported, so that a new module is refused until somebody allows it."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class OnlyImports(Contract):
    """Direct imports of `source` and all within it go to itself, to `allowed` or, with `stdlib`, to Python itself."""

    type_name = "only_imports"

    source = fields.StringField()
    allowed = fields.ListField(subfield=fields.StringField(), required=False, default=[])
    stdlib = fields.BooleanField(required=False, default=True)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every import that no allowance covers, as (importer, imported)."""
        roots = [str(self.source), *(str(name) for name in self.allowed)]  # type: ignore[attr-defined]
        importers = {name for name in graph.modules if _within(name, roots[:1])}
        wrong = sorted(
            (importer, imported)
            for importer in importers
            for imported in graph.find_modules_directly_imported_by(importer)
            if not _within(imported, roots) and not (self.stdlib and imported in sys.stdlib_module_names)
        )
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """One line an import."""
        wrong: Any = check.metadata["wrong"]
        for importer, imported in wrong:
            output.print_error(f"{importer} may not import {imported}")


def _within(name: str, roots: list[str]) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)
