"""Lists of the platform, as pages of a platform that writes and counts as it likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from airflow_provider_smspartner import api
from airflow_provider_smspartner.api.answers import statuses
from airflow_provider_smspartner.exceptions import InvalidRequestError, NotFoundError, SMSPartnerError
from airflow_provider_smspartner.hooks.paging import (
    Listing,
    look_up,
    pages_of_tag,
    read_pages,
)
from airflow_provider_smspartner.hooks.stops import delete_stops, read_stop_list

PEOPLE = [f"+336{number:08}" for number in range(10_000_000, 10_000_025)]
FOREIGN = ["+32470123456", "+4915112345678", "+262692123456", "+34612345678", "+41791234567"]


class Platform:
    """Answers by-tag looks with rows of its own spelling, in pages."""

    def __init__(
        self,
        numbers: Sequence[object],
        *,
        size: int = 10,
        total: Callable[[int], int | None] = lambda rows: rows,
        ignores_page: bool = False,
        end: str = "empty",
    ) -> None:
        self.numbers, self.size, self.total = numbers, size, total(len(numbers))
        self.ignores_page, self.end = ignores_page, end
        self.pages: list[int] = []

    def __call__(self, call: api.Call[Any]) -> Any:
        page = 1 if self.ignores_page else int(call.fields.get("page", 1))
        self.pages.append(page)
        shown = self.numbers[(page - 1) * self.size : page * self.size]
        if not shown and self.end == "not found":
            raise NotFoundError(call.path, 4)
        rows = [row if isinstance(row, dict) else {"phoneNumber": row, "status": "Waiting"} for row in shown]
        fields = {"StatutResponse_List": rows}
        return statuses(fields if self.total is None else fields | {"total": self.total})


def found(platform: Platform, ours: Sequence[str] | None = None) -> Listing:
    listing = look_up(platform, "spring", ours=None if ours is None else set(ours).__contains__)
    assert listing is not None
    return listing


@pytest.mark.parametrize("end", ["empty", "not found"])
@pytest.mark.parametrize(
    "total",
    [
        pytest.param(lambda rows: rows, id="rows"),
        pytest.param(lambda rows: -(-rows // 10), id="pages"),
        pytest.param(lambda rows: 10, id="rows of a page"),
        pytest.param(lambda rows: 0, id="nothing"),
        pytest.param(lambda rows: None, id="unsaid"),
    ],
)
def test_pages_are_asked_for_until_one_brings_nobody_new_whatever_total_counts(
    total: Callable[[int], int | None], end: str
) -> None:
    listing = found(Platform(PEOPLE, total=total, end=end))

    assert listing.numbers == set(PEOPLE)
    assert listing.whole


@pytest.mark.parametrize("total", [lambda rows: rows, lambda rows: -(-rows // 10), lambda rows: None])
def test_a_platform_that_overlooks_the_page_shows_less_than_everybody(
    total: Callable[[int], int | None],
) -> None:
    listing = found(platform := Platform(PEOPLE, total=total, ignores_page=True))

    assert listing.numbers == set(PEOPLE[:10])
    assert not listing.whole
    assert platform.pages == [1, 1]


def test_a_list_of_one_page_that_names_as_many_as_it_counts_is_whole_without_paging() -> None:
    assert found(Platform(PEOPLE[:7], ignores_page=True)).whole


def test_a_list_that_counts_more_people_than_it_names_is_not_whole() -> None:
    assert not found(Platform(PEOPLE, total=lambda rows: rows + 1)).whole


@pytest.mark.parametrize("row", ["06XXXXXX78", "", None, {"status": "Delivered"}, "0470123456"])
def test_a_row_that_names_nobody_makes_a_list_less_than_whole(row: object) -> None:
    listing = found(Platform([*PEOPLE[:5], row], total=lambda rows: 5))

    assert listing.numbers == set(PEOPLE[:5])
    assert listing.unreadable == 1
    assert not listing.whole


def test_a_list_of_masked_numbers_only_is_there_and_names_nobody() -> None:
    listing = found(Platform([f"+336XXXXXX{last}" for last in range(10, 20)]))

    assert not listing.numbers
    assert listing.unreadable == 10
    assert not listing.whole


@pytest.mark.parametrize(
    "spell",
    [
        pytest.param(lambda number: number[1:], id="digits"),
        pytest.param(lambda number: " " + number[1:], id="blank"),
        pytest.param(lambda number: int(number[1:]), id="integer"),
        pytest.param(lambda number: "00" + number[1:], id="zeros"),
    ],
)
def test_foreign_numbers_are_read_without_their_plus(spell: Callable[[str], object]) -> None:
    listing = found(Platform([spell(number) for number in FOREIGN]))

    assert listing.numbers == set(FOREIGN)
    assert listing.whole


def test_foreign_numbers_in_national_form_are_read_against_our_people() -> None:
    national = ["0470123456", "015112345678", "0692123456", "612345678", "0791234567"]

    assert found(Platform(national), ours=FOREIGN).whole
    assert not found(Platform(national)).whole


def test_rows_of_others_are_told_from_ours() -> None:
    listing = found(Platform(PEOPLE[:7]), ours=PEOPLE[:5])

    assert listing.others == set(PEOPLE[5:7])
    assert not listing.whole


def test_nobody_asks_for_more_pages_than_are_needed() -> None:
    platform = Platform(PEOPLE)

    reports = read_pages(platform, pages_of_tag("spring", enough=20)).reports

    assert platform.pages == [1, 2]
    assert len(reports) == 20


def test_a_tag_nobody_used_takes_one_look() -> None:
    assert look_up(platform := Platform([]), "spring") is None
    assert platform.pages == [1]


# ---- STOP list -------------------------------------------------------------------------------------


def stops(*entries: object, regions: Sequence[str] = ("FR",)) -> frozenset[int]:
    rows = [{"id": at, "phoneNumber": entry} for at, entry in enumerate(entries, 1)]
    fields = {"data": rows, "nbData": len(rows)}
    return read_stop_list(lambda call: call.reader(fields), regions=regions)


def test_stops_are_read_in_every_spelling() -> None:
    assert stops("+33612345678", "0612345679", "32470123456", 4915112345678) == {
        33612345678,
        33612345679,
        32470123456,
        4915112345678,
    }
    assert stops("0470123456", regions=("FR", "BE")) == {32470123456}


ANN, BOB, EVE = 33600000001, 33600000002, 33600000003


@pytest.mark.parametrize("total", ["no total", None, -1, "many", 1, 3])
@pytest.mark.parametrize("end", [{"data": []}, NotFoundError("none")], ids=["empty", "not found"])
def test_the_pages_of_the_stop_list_are_read_to_their_end_unless_they_are_as_many_as_is_said(
    total: object, end: object
) -> None:
    counted: dict[str, object] = {} if total == "no total" else {"nbData": total}
    pages = [page | counted for page in ({"data": [row(1, ANN), row(2, BOB)]}, {"data": [row(3, EVE)]})]

    assert read_stop_list(in_pages(*pages, end)) == {ANN, BOB, EVE}


def test_a_platform_that_overlooks_the_page_has_one() -> None:
    page = {"data": [row(1, ANN), row(2, BOB)], "nbData": 2}
    assert read_stop_list(in_pages(page, page)) == {ANN, BOB}


def test_a_platform_that_refuses_the_page_has_one() -> None:
    page = {"data": [row(1, ANN), row(2, BOB)]}
    assert read_stop_list(in_pages(page, InvalidRequestError("page"))) == {ANN, BOB}


def test_a_later_page_that_is_refused_stops_the_send() -> None:
    pages = [{"data": [row(1, ANN)]}, {"data": [row(2, BOB)]}]
    with pytest.raises(InvalidRequestError):
        read_stop_list(in_pages(*pages, InvalidRequestError("page")))


def test_a_page_whose_entries_name_nobody_stops_the_send() -> None:
    with pytest.raises(SMSPartnerError, match="1 of the entries that SMS Partner lists cannot be read"):
        read_stop_list(in_pages({"data": [row(1, ANN)]}, {"data": [{"id": 2}]}))


@pytest.mark.parametrize("total", [{}, {"nbData": 1}, {"nbData": 2}])
def test_two_people_under_one_id_are_two(total: dict[str, int]) -> None:
    page = {"data": [row(7, ANN), row(7, BOB)], **total}
    assert read_stop_list(in_pages(page, page)) == {ANN, BOB}


def test_nobody_is_taken_off_the_stop_list_by_an_id_that_others_share() -> None:
    page = {"data": [row(7, ANN), row(7, BOB)]}
    with pytest.raises(SMSPartnerError, match="shares its id"):
        delete_stops(in_pages(page, page), f"+{ANN}")


def test_somebody_under_one_id_in_two_spellings_is_taken_off_once() -> None:
    spellings = [{"id": 7, "phoneNumber": number} for number in (f"+{ANN}", "0600000001")]
    on_list, asked = in_pages({"data": spellings, "nbData": 2}), []

    def call(of: Any) -> Any:
        if of.path == "/stop-sms/list":
            return on_list(of)
        asked.append(of.path)
        if len(asked) > 1:  # the platform says so of one that it has deleted
            raise NotFoundError("none", 4)
        return True

    assert delete_stops(call, f"+{ANN}")
    assert len(asked) == 2


def row(id_: int, number: int) -> dict[str, object]:
    return {"id": id_, "phoneNumber": f"+{number}"}


def in_pages(*pages: Any) -> Callable[[Any], Any]:
    """Return a platform that answers so, one page after the other, and knows nothing else."""
    answers = iter(pages)

    def carry(call: Any) -> Any:
        assert call.path == "/stop-sms/list"
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return call.reader(answer)

    return carry


@pytest.mark.parametrize("entry", ["06XXXXXX78", None, ""])
def test_a_stop_list_that_hides_somebody_stops_the_send(entry: object) -> None:
    with pytest.raises(SMSPartnerError, match=r"^exclude_stop_list: .*; nothing was sent"):
        stops("+33612345678", entry)


def test_a_short_code_on_the_stop_list_is_nobody() -> None:
    assert stops("+33612345678", "36180") == {33612345678}
