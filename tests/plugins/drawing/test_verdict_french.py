"""The verdict over a run in French: each end that a run can come to, and the line that it must show."""

from __future__ import annotations

import pytest

from airflow_provider_smspartner.plugins.drawing.language import Reader, read_by
from airflow_provider_smspartner.plugins.facts import TaskFact
from tests.plugins.drawing.ends import ENDS
from tests.plugins.drawing.test_verdict import judged

FRENCH = {
    "everybody": (
        "Distribués",
        "Les 1^000 personnes ont reçu le SMS.",
    ),
    "nearly everybody": (
        "Distribués",
        "SMS reçu par 975 des 1^000 personnes. Échecs~: 20~SMS non distribués. 5 accusés ne sont "
        "pas arrivés.",
    ),
    "not one phone": (
        "Non distribués",
        "Sur 50 personnes, aucune n’a reçu le SMS. Échecs~: 50~SMS non distribués.",
    ),
    "many lost": (
        "Distribués en partie",
        "SMS reçu par 700 des 1^000 personnes. Échecs~: 300~SMS non distribués.",
    ),
    "refused and lost": (
        "Distribués",
        "SMS reçu par 990 des 1^000 personnes. Échecs~: 7~SMS non distribués, 3 refusés par SMS Partner.",
    ),
    "reports still coming": (
        "Suivi en cours",
        "SMS reçu jusqu’ici par 600 des 1^000 personnes. Échecs~: 10~SMS non distribués. 390 "
        "accusés ne sont pas encore arrivés.",
    ),
    "no report yet": (
        "Suivi en cours",
        "SMS Partner a accepté 1^000~SMS pour 1^000 personnes. Aucun accusé n’est encore arrivé.",
    ),
    "nobody follows": (
        "Envoyés",
        "SMS Partner a accepté 1^000~SMS pour 1^000 personnes. Aucune tâche n’en a suivi la distribution.",
    ),
    "too few delivered": (
        "Objectif manqué",
        "SMS reçu par 40 des 50 personnes. Échecs~: 10~SMS non distribués. Échec de la tâche "
        "follow~: 40~SMS reçus pour 50 personnes, soit un taux de 0,8^; min_delivery_rate est de "
        "0,9.",
    ),
    "platform down at the deadline": (
        "Objectif manqué",
        "SMS reçu par 600 des 1^000 personnes. 400 accusés ne sont pas arrivés. Échec de la tâche "
        "follow~: à l’échéance, l’API n’a pas pu être lue~: it is away.",
    ),
    "platform down all the time": (
        "Objectif manqué",
        "SMS Partner a accepté 1^000~SMS pour 1^000 personnes. Échec de la tâche follow~: à "
        "l’échéance, l’API n’a pas pu être lue~: it is away.",
    ),
    "nobody": (
        "Aucun envoi",
        "Aucun SMS n’est parti~: il n’y avait aucun destinataire.",
    ),
    "all had it before": (
        "Aucun envoi",
        "Aucun SMS n’est parti~: les 790 personnes ont été écartées. Écartées~: 700 ont déjà reçu "
        "cette campagne, 90 sont sur la liste STOP.",
    ),
    "all capped": (
        "Aucun envoi",
        "Aucun SMS n’est parti~: les 50 personnes ont été écartées. Écartées~: 10 sont hors de la part "
        "retenue, 40 ont déjà reçu assez de SMS.",
    ),
    "all refused": (
        "Aucun envoi",
        "Sur 12 personnes, 12 n’ont pas reçu le SMS~: refus de SMS Partner.",
    ),
    "some had it before": (
        "Distribués",
        "Les 90 personnes ont reçu le SMS.",
    ),
    "no credit in the middle": (
        "Échec",
        "Sur 1^060 personnes, 41 n’ont pas reçu le SMS~: crédit épuisé.",
    ),
    "no credit at all": (
        "Échec",
        "Sur 1^500 personnes, 1^500 n’ont pas reçu le SMS~: crédit épuisé.",
    ),
    "the wrong column": (
        "Échec",
        "Cette tentative n’a écrit à personne~: recipients~: 30 lignes sur 30 sans numéro de mobile"
        " valide ('x' has no digit)^; phone_column est-elle la bonne colonne^? Écartées~: 30 n’ont "
        "pas de numéro valide.",
    ),
    "a missing connection": (
        "Échec",
        "Cette tentative n’a écrit à personne~: la connexion x n’est pas définie.",
    ),
    "killed": (
        "Échec",
        "Sur 1^500 personnes, 1^000 n’ont pas reçu le SMS~: son processus s’est arrêté sans un "
        "mot^; il a été tué, ou sa machine a disparu.",
    ),
    "an answer is lost": (
        "Échec",
        "Il ne reste personne à qui écrire, et pourtant la tâche a échoué~: «~Lost~». Pour 500 "
        "personnes, nul ne peut encore le dire.",
    ),
    "half of the shards failed": (
        "Échec",
        "Sur 1^000 personnes, 500 n’ont pas reçu le SMS~: crédit épuisé.",
    ),
    "will try again": (
        "Nouvelle tentative prévue",
        "Sur 1^500 personnes, 1^000 n’ont pas reçu le SMS~: SMS Partner est resté injoignable.",
    ),
    "cancelled": (
        "Échec",
        "Sur 1^500 personnes, 500 n’ont pas reçu le SMS~: annulation avant l’heure prévue.",
    ),
    "a canary stopped the rest": (
        "Arrêté",
        "La tâche rest n’a écrit à personne~: échec de follow (40~SMS reçus pour 50 personnes, soit"
        " un taux de 0,8^; min_delivery_rate est de 0,9). Le SMS était déjà parti vers 50 "
        "personnes.",
    ),
    "a task before failed": (
        "Pas commencé",
        "La tâche send n’a écrit à personne~: une tâche précédente a échoué.",
    ),
    "skipped": (
        "Ignoré (skipped)",
        "Aucun SMS n’est parti~: l’envoi a été ignoré (skipped).",
    ),
    "marked as a success": (
        "Inconnu",
        "L’envoi est marqué comme réussi, mais sans résultat~: rien n’indique qu’un SMS soit parti.",
    ),
    "dry run": (
        "Essai à blanc",
        "Essai à blanc~: aucun SMS n’est parti. 8 personnes recevraient le SMS. Écartées~: 2 n’ont "
        "pas de numéro valide.",
    ),
    "sandbox": (
        "Sandbox",
        "Sandbox~: SMS Partner a accepté les SMS pour 1^000 personnes, et aucun n’atteint un téléphone.",
    ),
    "redirected": (
        "Redirigé",
        "Redirection~: un unique numéro a reçu les SMS, et aucun des destinataires n’en a.",
    ),
    "scheduled": (
        "Programmé",
        "SMS Partner envoie le SMS à 1^000 personnes le 20 nov. 2026 à 17:48 CET, dans 7~h 48~min.",
    ),
    "waiting for its hour": (
        "En attente de son heure",
        "Personne n’a encore reçu de SMS~: le SMS part le 20 nov. 2026 à 17:48 CET, dans 7~h 48~min.",
    ),
    "waiting in the middle": (
        "En attente de son heure",
        "SMS envoyé à 500 des 1^500 personnes. Le reste part le 20 nov. 2026 à 17:48 CET, dans 7~h 48~min.",
    ),
    "reading": (
        "Envoi en cours",
        "L’envoi lit ses destinataires^; cette tentative n’a encore écrit à personne.",
    ),
    "sending": (
        "Envoi en cours",
        "SMS envoyé jusqu’ici à 500 des 1^500 personnes.",
    ),
    "not begun": (
        "Pas commencé",
        "L’envoi n’a pas commencé.",
    ),
    "nothing": (
        "Aucun SMS",
        "Aucune tâche de cette exécution n’a envoyé de SMS.",
    ),
}
"""Label and sentence; ~ stands for a space that does not break a line, ^ for a narrow one."""


def spaced(text: str) -> str:
    return text.replace("~", "\u00a0").replace("^", "\u202f")


def test_each_end_has_its_line() -> None:
    assert list(FRENCH) == [name for name, *_ in ENDS]


@pytest.mark.parametrize(("name", "tasks"), [end[:2] for end in ENDS], ids=[end[0] for end in ENDS])
def test_each_end_has_its_verdict_in_french(name: str, tasks: list[TaskFact]) -> None:
    with read_by(Reader(language="fr")):
        said = judged(*tasks)

    assert (said.label, said.sentence) == tuple(map(spaced, FRENCH[name]))
