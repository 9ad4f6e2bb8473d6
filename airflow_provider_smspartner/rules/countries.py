"""Countries by their two-letter codes: those that have phone numbers, and what is often written instead."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from airflow_provider_smspartner.exceptions import InvalidMessage
from airflow_provider_smspartner.rules.arguments import shown

_CODES: Final = (
    "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS "
    "BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG "
    "EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT "
    "HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR "
    "LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF "
    "NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD "
    "SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW "
    "TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW"
)
CODES: Final = frozenset(_CODES.split())
"""Codes of ISO 3166 and a few beside it: the regions of libphonenumber, which takes long to load."""

COUNT_AS: Final = {
    "BL": "GP",
    "MF": "GP",
    "AX": "FI",
    "CC": "AU",
    "CX": "AU",
    "EH": "MA",
    "SJ": "NO",
    "VA": "IT",
}
"""Countries whose mobiles, or most of them, cannot be told by their numbers from those of another."""

_WRITTEN: Final = {
    "GB": "UK EN ENGLAND GBR",
    "FR": "FRA FRANCE",
    "BE": "BEL",
    "CH": "CHE",
    "LU": "LUX",
    "MC": "MCO",
    "DE": "DEU GER",
    "ES": "ESP SP",
    "IT": "ITA",
    "PT": "PRT",
    "NL": "NLD",
    "GR": "EL GRC",
    "US": "USA",
    "CA": "CAN",
    "RE": "REU 974",
    "GP": "GLP 971",
    "MQ": "MTQ 972",
    "FR-57": "57",
    "FR-67": "67",
    "FR-68": "68",
    "GF": "973",
    "PM": "975",
    "YT": "976",
    "PF": "987",
    "NC": "988",
}
"""What people write instead, in capitals; French departments among it."""
_MEANT: Final = {word: code for code, words in _WRITTEN.items() for word in words.split()}


def check_country(code: object, argument: str) -> str:
    """Return a country's code, two capital letters of ISO 3166 such as ``"FR"``.

    :raises InvalidMessage: there is no such country, or it has no phone numbers; the right
        code is named where it is known.
    """
    if isinstance(code, str) and code in CODES:
        return code
    raise InvalidMessage(
        f"{argument}: {shown(code)} is not the two-letter code of a country with phone "
        f"numbers{meant(code, CODES)}"
    )


def check_countries(countries: object, argument: str = "countries") -> None:
    """Refuse what is no collection of two-letter codes; None is every country.

    :raises InvalidMessage: it is empty, or holds something else.
    """
    if countries is None:
        return
    if isinstance(countries, str) or not isinstance(countries, Collection) or not countries:
        raise InvalidMessage(f'{argument}: give two-letter codes in a list, such as ["FR", "BE"]')
    for code in countries:
        check_country(code, argument)


def check_told_apart(countries: Collection[str], argument: str = "countries") -> None:
    """Refuse a country whose people would be left out, because their numbers count as another's.

    :raises InvalidMessage: that other country is not among them.
    """
    for code in countries:
        if (other := COUNT_AS.get(code, code)) not in countries:
            raise InvalidMessage(
                f'{argument}: nothing tells mobile numbers of "{code}" from those of "{other}", and its '
                f'people would be left out; write "{other}" too, or omit it'
            )


def meant(code: object, allowed: Collection[str]) -> str:
    """Return the end of a sentence that refuses a code: which of those allowed was meant."""
    word = code.strip().upper() if isinstance(code, str) else ""
    right = _MEANT.get(word, word)
    return f'; write "{right}"' if right in allowed else '; write "FR" for France, for example'
