"""What `make demo` and `make ui` start, and the system tests with them."""

from __future__ import annotations
