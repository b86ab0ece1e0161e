"""What is wrong with a text, said without running anything of it and without settings from its own tree.

`diagnose` is the door: it takes a path, which tells the language, and the text.
"""

from ai.checking.checkers import CannotCheck, checker_of, diagnose
from ai.checking.diagnostic import Diagnostic, Fix, Severity

__all__ = ["CannotCheck", "Diagnostic", "Fix", "Severity", "checker_of", "diagnose"]
