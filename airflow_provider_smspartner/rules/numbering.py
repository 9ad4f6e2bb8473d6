"""Numbering plans as patterns: what libphonenumber says of some digits, without asking it each time.

The patterns are libphonenumber's own, in the order in which it asks them. What they do not settle is left to
it, so that an answer from here is always the one that it would give.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

UNSETTLED: Final = None
"""Only libphonenumber itself can tell."""
REFUSED: Final = 0
"""No mobile phone has such a number."""

_NEVER: Final = "(?!)"
_NO_MOBILES: Final = (
    *("premium_rate", "toll_free", "shared_cost", "voip", "personal_number", "pager", "uan", "voicemail"),
)
"""Kinds of line that libphonenumber asks for before it asks whether a number is that of a mobile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a region dials, and which numbers there are behind its country code."""

    code: str
    is_main: bool
    """Whether what is written with the code is read by this region's rules, whosever it is."""
    mobile: re.Pattern[str] = field(repr=False)
    """The national numbers of mobiles, in all regions that share the code."""
    lengths: Sequence[int]
    """Digits that the national number of a mobile may have."""
    general: re.Pattern[str] = field(repr=False)
    """What looks like a national number of the region."""
    possible: frozenset[int]
    """Digits that a national number of the region may have."""
    prefix: re.Pattern[str] = field(repr=False)
    """What may stand in front of a national number, such as 0."""
    rewrites: bool
    """Whether something else may take the place of what stands in front."""
    exit: re.Pattern[str] = field(repr=False)
    """What is dialled before the country code, such as 00."""

    def ends_as_mobile(self, digits: str) -> bool:
        """Tell whether some digits end in a mobile's number: what libphonenumber drops is at the front."""
        for length in self.lengths:
            if length <= len(digits) and self.mobile.fullmatch(digits, len(digits) - length):
                return True
        return False


def read(digits: str, region: str, *, plus: bool) -> int | None:
    """Return the digits of a mobile's E.164 number, REFUSED for what is none, or UNSETTLED.

    :param digits: all digits that were written, of whatever spelling.
    :param region: the country of numbers that name none.
    :param plus: whether a plus sign stands in front of them.
    """
    home = plan_of(region)
    if home is None:
        return UNSETTLED
    if plus and (code := code_of(digits)):
        return abroad(code, digits)
    left = home.exit.match(digits)
    rest = digits[left.end() :] if left else "0"
    if rest.startswith("0"):  # no country code does
        return REFUSED if plus else at_home(home, digits)
    code = code_of(rest)
    return abroad(code, rest) if code else REFUSED


def abroad(code: str, digits: str) -> int | None:
    """Read digits that begin with a country code, because a sign or an exit code says so."""
    plan = plan_of(regions_of(code)[0])
    return behind_code(plan, digits[len(code) :]) if plan else UNSETTLED


def at_home(plan: Plan, digits: str) -> int | None:
    """Read digits that may begin with the country code of their region although nothing says so."""
    if not digits.startswith(plan.code):
        return behind_code(plan, digits)
    if not (plan.rewrites or plan.ends_as_mobile(digits)):
        return REFUSED
    if not plan.is_main or plan.general.fullmatch(digits):
        return UNSETTLED
    return behind_code(plan, digits[len(plan.code) :]) or UNSETTLED


def behind_code(plan: Plan, digits: str) -> int | None:
    """Read what follows a country code, or what is written without one in its region."""
    prefix = plan.prefix.match(digits)
    if prefix is None:
        return int(plan.code + digits) if plan.mobile.fullmatch(digits) else REFUSED
    if plan.rewrites:
        return UNSETTLED
    rest = digits[prefix.end() :]
    if not (plan.mobile.fullmatch(rest) or plan.mobile.fullmatch(digits)):
        may_be_stripped_again = plan.prefix.match(rest) and plan.ends_as_mobile(digits)
        return UNSETTLED if may_be_stripped_again else REFUSED
    twice = plan.prefix.match(rest) or plan.general.fullmatch(digits)  # which of two readings holds?
    plain = not twice and len(rest) in plan.possible and plan.general.fullmatch(rest)
    return int(plan.code + rest) if plain and plan.mobile.fullmatch(rest) else UNSETTLED


def is_in_use(digits: str, region: str) -> bool:
    """Tell whether libphonenumber takes whole national digits for a line of any kind in a region."""
    return _lines(region).fullmatch(digits) is not None


# ---- out of libphonenumber's metadata --------------------------------------------------------------


def code_of(digits: str) -> str:
    """Return the country code that some digits begin with; "" for none. No code begins with another one."""
    return _code_of(digits[:3])


@cache
def has_one_length(code: int) -> bool:
    """Tell whether all mobiles of a country code have as many digits: none is what is left of another."""
    from phonenumbers import PhoneMetadata

    plans: list[Any] = [PhoneMetadata.metadata_for_region(region, None) for region in regions_of(str(code))]
    return len({size for plan in plans if plan for size in plan.mobile.possible_length}) == 1


@cache
def _code_of(beginning: str) -> str:
    return next((beginning[:size] for size in (1, 2, 3) if regions_of(beginning[:size])), "")


@cache
def regions_of(code: str) -> Sequence[str]:
    """Return the regions that share a country code, the one whose rules hold first; none for no code."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    return () if not code or code.startswith("0") else COUNTRY_CODE_TO_REGION_CODE.get(int(code), ())


@cache
def plan_of(region: str) -> Plan | None:
    """Return the plan of a region; None for what is no country, such as a network of satellites."""
    from phonenumbers import PhoneMetadata

    home: Any = PhoneMetadata.metadata_for_region(region, None)
    if home is None:
        return None
    regions = regions_of(str(home.country_code))
    sharing: list[Any] = [PhoneMetadata.metadata_for_region(name, None) for name in regions]
    mobiles = [each.mobile for each in sharing if each.mobile is not None]
    return Plan(
        code=str(home.country_code),
        is_main=region == regions[0],
        mobile=re.compile(where_it_belongs(sharing, mobile)),
        lengths=sorted({length for each in mobiles for length in each.possible_length}),
        general=re.compile(home.general_desc.national_number_pattern),
        possible=frozenset(home.general_desc.possible_length),
        prefix=re.compile(home.national_prefix_for_parsing or _NEVER),
        rewrites=bool(home.national_prefix_transform_rule),
        exit=re.compile(home.international_prefix or _NEVER),
    )


@cache
def _lines(region: str) -> re.Pattern[str]:
    from phonenumbers import PhoneMetadata

    return re.compile(f"{known(PhoneMetadata.metadata_for_region(region))}[0-9]+")


def where_it_belongs(sharing: Sequence[Any], says: Any) -> str:
    """Return a pattern of what the region of a number says of it, when several regions share a code."""
    if len(sharing) == 1:
        return f"{says(sharing[0])}[0-9]+"
    pattern = _NEVER
    for region in reversed(sharing):
        leading = region.leading_digits
        belongs = f"(?={leading})" if leading else known(region)
        pattern = f"(?:{belongs}{says(region)}|(?!{belongs}){pattern})"
    return f"{pattern}[0-9]+"


def known(region: Any) -> str:
    """Return a pattern that looks ahead at the number of a line of any kind."""
    kinds = "|".join(whole(getattr(region, kind)) for kind in (*_NO_MOBILES, "fixed_line", "mobile"))
    return f"{whole(region.general_desc)}(?:{kinds})"


def mobile(region: Any) -> str:
    """Return a pattern that looks ahead at the number of a line that is, or may be, a mobile's."""
    others = "|".join(whole(getattr(region, kind)) for kind in _NO_MOBILES)
    either = region.fixed_line if region.same_mobile_and_fixed_line_pattern else region.mobile
    return f"{whole(region.general_desc)}(?!{others}){whole(either)}"


def whole(described: Any) -> str:
    """Return a pattern that looks ahead at whole digits which a description fits."""
    if described is None:
        return _NEVER
    lengths = "|".join(f"[0-9]{{{length}}}" for length in described.possible_length if length > 0)
    pattern = described.national_number_pattern.replace(r"\d", "[0-9]")
    return rf"(?=(?:{lengths or '[0-9]+'})\Z)(?=(?:{pattern})\Z)"
