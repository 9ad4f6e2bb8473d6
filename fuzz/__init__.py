"""Coverage-guided fuzzing of everything that reads what comes from outside; ``python -m fuzz``."""

from __future__ import annotations
