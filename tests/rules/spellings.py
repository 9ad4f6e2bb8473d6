"""Phone numbers as people type them."""

from __future__ import annotations

from hypothesis import strategies as st

from airflow_provider_smspartner.exceptions import InvalidPhoneNumber
from airflow_provider_smspartner.rules.phone import normalize

SEPARATOR = st.sampled_from(
    ["", "", "", " ", ".", "-", "\N{NO-BREAK SPACE}", "(", ")", "/", "  ", "+", "x", ",", "\t"]
)
PREFIX = st.sampled_from(
    ["", "0", "+33", "0033", "33", "+33(0)", "+", "00", "330", "+590", "+49", "+1", "(0)", "++33"]
)
MOSTLY_MOBILE = st.from_regex(r"[67][0-9]{7,9}|[0-9]{3,12}", fullmatch=True)

REGION = st.sampled_from(["FR", "FR", "FR", "DE", "US", "IT", "GB", "GP", "RE", "BR", "MX"])


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """A number as people may type it, more often a mobile's than not."""
    text = draw(PREFIX) + draw(MOSTLY_MOBILE)
    separators = draw(
        st.lists(SEPARATOR, min_size=len(text), max_size=len(text))
        if draw(st.booleans())
        else st.just([""] * len(text))
    )
    return "".join(character + separator for character, separator in zip(text, separators, strict=True))


def ours(text: str, region: str) -> str | None:
    """Return a number as we read it; None when it is refused."""
    try:
        return normalize(text, region)
    except InvalidPhoneNumber:
        return None
