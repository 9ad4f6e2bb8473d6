"""The ways in which the platform says no, each as the payload of its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from airflow_provider_smspartner.simulator.settings import ErrorKey

Payload = dict[str, Any]
ListKey = Literal["error", "errors"]

SENTENCES = {
    1: "Il faut une clé d'API",
    2: "Il faut un numéro",
    3: "Il faut un identifiant",
    4: "Aucun envoi trouvé",
    5: "Cet envoi est déjà annulé",
    6: "Moins de 5 minutes avant le départ",
    7: "Cet envoi est parti",
    10: "Cette clé d'API est inconnue",
    14: "Un numéro refuse vos SMS",
    15: "Ce numéro est déjà dans la liste",
    22: "SMS commerciaux : heure interdite",
    23: "SMS commerciaux : dimanche ou jour férié",
    42: "Un SMS économique a 160 caractères au plus",
    50: "500 numéros au plus",
    52: "10 parties au plus",
    55: "Aucun numéro auquel envoyer",
    90: "JSON illisible",
    404: "Cette adresse n'existe pas",
    405: "Ce verbe n'existe pas ici",
    500: "Le SMS n'a pas pu être mis en file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A constraint of a send that a request breaks."""

    element: str
    """Name of the field."""
    message: str
    """The platform's sentence."""
    code: int = 9
    """The code that the vendor's error page gives this fault alone."""


class Refusal(Exception):
    """The platform says no; ``payload`` is its answer."""

    def __init__(self, payload: Payload) -> None:
        super().__init__(payload)
        self.payload: Payload = payload

    @property
    def code(self) -> int:
        return int(self.payload["code"])


def by_code(code: int, message: str | None = None) -> Refusal:
    """Refuse with a code and its sentence."""
    sentence = message or SENTENCES.get(code, f"Erreur {code}")
    return Refusal({"success": False, "code": code, "message": sentence})


def by_elements(problems: Iterable[Problem], *, key: ListKey) -> Refusal:
    """Refuse with code 9 and one item for each broken constraint."""
    items = [{"elementId": f"children[{p.element}].data", "message": p.message} for p in problems]
    return Refusal({"success": False, "code": 9, key: items})


def by_numbers(numbers: Iterable[str], *, item_code: int) -> Refusal:
    """Refuse with code 55 and one item for each number, whose own code is text."""
    sentence = SENTENCES.get(item_code, "Ce numéro n'est pas un mobile")
    items = [{"phoneNumber": number, "code": str(item_code), "message": sentence} for number in numbers]
    return Refusal({"success": False, "code": 55, "errors": items})


def by_sentences(numbers: Iterable[str]) -> Refusal:
    """Refuse with code 55 and one item for each number that only its sentence holds, as was captured once."""
    items = [
        {"success": False, "code": 9, "message": f"Ce numéro n'est pas un mobile ({number})"}
        for number in numbers
    ]
    return Refusal({"success": False, "code": 55, "message": SENTENCES[55], "errors": items})


def under_key(payload: Payload, key: ErrorKey) -> Payload:
    """Return a refusal with its items under another key, or under both."""
    items = payload.get("errors", payload.get("error"))
    if key == "vendor" or items is None:
        return payload
    keys = ("error", "errors") if key == "both" else (key,)
    kept = {name: value for name, value in payload.items() if name not in ("error", "errors")}
    return kept | dict.fromkeys(keys, items)


def no_credit(credits: Payload) -> Refusal:
    """Refuse for want of credit, in the only shape that was ever recorded."""
    return Refusal({"success": False, "code": 11, "error": {"message": "NOCREDITS"}, "credits": credits})
