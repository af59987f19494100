"""Reports of a visit: what happened and what was found, folded from its journal, as HTML and for a terminal."""
