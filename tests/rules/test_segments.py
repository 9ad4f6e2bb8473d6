"""Tests for rules.segments: the vendor's characters, and how many SMS a text takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_smspartner.rules.characters import BETWEEN, outgoing, spelled, written_out
from airflow_provider_smspartner.rules.segments import Change, changes, estimate, segments_of_each
from airflow_provider_smspartner.rules.writing import wire_text

# The vendor's page, row by row: the character, then what becomes of it.
REPLACED = """
ą à|’ '|ÿ y|ç Ç|û u|ü u|ï i|ô o|ö o|ó o|î i|ë e|ê e|[ (|] )|{ (|} )|` '|µ u|Ä A|À A|Á A|Â A|Ã A|È E|Ê E|Ë E
Î I|Ü U|Ù U|Ú U|Û U|Ý Y|ä a|á a|â a|ã a|Ö O|Ô O|œ oe|^ |~ |\\ |¨ |° .|‘ '|“ '|ñ n|Ñ N|§ |« "|» "
"""
ROWS = [tuple(row.split(" ")) for line in REPLACED.split("\n") if line for row in line.split("|")]
PLAIN = "abcXYZ 0189éèàùòìÉÇ@£$¥.,;!?'\"-_/()&%+=<>#*ßÅåÆæØøΔΓΛΩΠΨΣΘΞ¡¿¤"
KEPT = "éèàùòìÉÇ@£$¥ßÅåÆæØøΔ_¡¿"


def test_the_table_of_these_tests_is_whole() -> None:
    assert len({char for char, _ in ROWS}) == 52  # and the bar, which separates them here


@pytest.mark.parametrize(("char", "becomes"), [*ROWS, ("|", "")])
def test_vendor_replaces(char: str, becomes: str) -> None:
    assert estimate(f"a{char}b").text == f"a{becomes}b"
    assert estimate(f"a{char}b").unsupported == ()


@pytest.mark.parametrize("char", KEPT)
def test_kept_as_it_is(char: str) -> None:
    assert (estimate(char).text, estimate(char).units) == (char, 1)


def test_replacements_are_not_chained() -> None:
    # as printed, « becomes “ and “ becomes ‘ on the vendor's page
    assert estimate("«ç»").text == '"Ç"'


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("fin…", "fin..."),
        ("9–12 — 3", "9-12 - 3"),
        ("“oui”", "'oui\""),
        ("10\u00a0h\u202f30", "10 h 30"),
        ("• un", "- un"),
        ("l´heure", "l'heure"),
        ("Łódź, Šibenik, Đakovo", "Lodz, Sibenik, Dakovo"),
        ("e\u0301te\u0301", "été"),
        ("ŒUVRE ½ ﬁn", "OEUVRE 1/2 fin"),
        ("a\tb\u200bc", "a bc"),
        ("Acme™ ©®", "AcmeTM (c)(r)"),
        ("10\u202f%\u2009! \u200eAda\u200f", "10 % ! Ada"),
        ("un\u2028deux", "un\ndeux"),
        ("c\u0327a, u\u0302, x\u0301", "Ça, u, x"),
    ],
)
def test_nearest_text_where_the_vendor_says_nothing(message: str, text: str) -> None:
    assert estimate(message).text == text
    assert estimate(message).unsupported == ()


@pytest.mark.parametrize(
    "message", ["” … – — • ™ Œ", "10\u00a0h\u202f30", "e\u0301te\u0301", "a\u200bb", "½ ﬁn"]
)
def test_what_the_vendor_says_nothing_of_does_not_leave(message: str) -> None:
    leaves = outgoing(message)

    assert set(leaves) <= set("\"'.-TMOE 0123456789/habfinté")
    assert estimate(leaves) == estimate(message)


@pytest.mark.parametrize("char", [char for char, _ in ROWS])
def test_what_the_vendor_replaces_leaves_as_it_is(char: str) -> None:
    assert outgoing(f"a{char}b") == f"a{char}b"


@given(st.text(), st.booleans())
def test_what_leaves_is_what_is_measured(message: str, unicode: bool) -> None:
    leaves = outgoing(message, unicode=unicode)

    assert estimate(leaves, unicode=unicode) == estimate(message, unicode=unicode)
    assert outgoing(leaves, unicode=unicode) == leaves


# ---- what is told of it ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Bonjour", []),
        ("à\n5 €:br::euro:\r\n", []),
        ("日 😀", []),
        ("ça", [Change(0, 1, "ç", "Ç", True)]),
        (
            "fête [a^b]",
            [(1, 2, "ê", "e", True), (5, 6, "[", "(", True), (7, 8, "^", "", True), (9, 10, "]", ")", True)],
        ),
        ("a…b\u200b", [(1, 2, "…", "...", False), (3, 4, "\u200b", "", False)]),
        ("ete\u0301", [(2, 4, "e\u0301", "é", False)]),
        ("cœur\u00a0!", [(1, 2, "œ", "oe", True), (4, 5, "\u00a0", " ", False)]),
    ],
)
def test_what_does_not_arrive_as_it_was_written(message: str, told: list[Change]) -> None:
    assert changes(message) == told
    assert changes(message, unicode=True) == []


@given(st.text(st.characters(exclude_characters=":") | st.sampled_from("çê’…\u0301e[^ \u200bŒ€\n\r")))
def test_the_changes_of_a_message_make_the_text_that_arrives(message: str) -> None:
    if estimate(message).unsupported:
        return
    parts, end = [], 0
    for change in changes(message):
        assert message[change.start : change.end] == change.written
        parts += [message[end : change.start], change.arrives]
        end = change.end

    assert written_out("".join([*parts, message[end:]])) == estimate(message).text


def test_what_nothing_is_near_to_is_reported_once_in_order() -> None:
    found = estimate("日 😀 日 ok \x00")
    assert found.unsupported == ("日", "😀", "\x00")
    assert found.text == "日 😀 日 ok \x00"


@pytest.mark.parametrize("written", ["a:br:b", "a\nb", "a\r\nb", "a\rb"])
@pytest.mark.parametrize("unicode", [False, True])
def test_line_break_counts_two(written: str, unicode: bool) -> None:
    found = estimate(written, unicode=unicode)
    assert (found.text, found.units) == ("a\nb", 4)


@pytest.mark.parametrize("written", ["5 €", "5 :euro:"])
def test_euro_counts_two_septets_and_one_unicode_unit(written: str) -> None:
    assert (estimate(written).text, estimate(written).units) == ("5 €", 4)
    assert (estimate(written, unicode=True).text, estimate(written, unicode=True).units) == ("5 €", 3)


@pytest.mark.parametrize(
    ("units", "unicode", "segments"),
    [
        (0, False, 0),
        (1, False, 1),
        (160, False, 1),
        (161, False, 2),
        (306, False, 2),
        (307, False, 3),
        (1530, False, 10),
        (1531, False, 11),
        (70, True, 1),
        (71, True, 2),
        (134, True, 2),
        (135, True, 3),
        (670, True, 10),
        (671, True, 11),
    ],
)
def test_segments(units: int, unicode: bool, segments: int) -> None:
    found = estimate("x" * units, unicode=unicode)
    assert (found.units, found.segments) == (units, segments)
    assert found.encoding == ("UCS-2" if unicode else "GSM-7")


@pytest.mark.parametrize(
    ("message", "unicode", "segments"),
    [
        (
            "x" * 152 + "€" + "x" * 152,
            False,
            3,
        ),  # € would be the last septet of a part and the first of the next
        ("x" * 151 + "€" + "x" * 153, False, 2),
        ("x" * 152 + "\n" + "x" * 152, False, 2),
        ("x" * 152 + "€" + "x" * 151, False, 2),
        ("x" * 158 + "€", False, 1),
        ("x" * 159 + "€", False, 2),
        ("€" * 765, False, 11),
        ("é" * 66 + "😀" + "é" * 66, True, 3),
        ("é" * 65 + "😀" + "é" * 67, True, 2),
        ("😀" * 35, True, 1),
        ("😀" * 335, True, 11),
    ],
)
def test_no_sms_ends_in_the_middle_of_a_character(message: str, unicode: bool, segments: int) -> None:
    assert estimate(message, unicode=unicode).segments == segments


@given(
    st.lists(st.tuples(st.sampled_from(["x", "é", "€", "\n", "😀"]), st.integers(1, 200)), max_size=6),
    st.booleans(),
)
def test_segments_are_those_of_somebody_who_fills_one_after_the_other(
    runs: list[tuple[str, int]], unicode: bool
) -> None:
    message = "".join(char * times for char, times in runs if unicode or char != "😀")
    pieces: list[int] = []
    for char in message:
        two = char == "😀" or (char == "€" and not unicode)
        pieces += [1, 1] if char == "\n" else [2 if two else 1]
    single, part = (70, 67) if unicode else (160, 153)
    parts = filled = 0
    for piece in pieces:
        if not parts or filled + piece > part:
            parts, filled = parts + 1, 0
        filled += piece

    expected = min(1, sum(pieces)) if sum(pieces) <= single else parts
    assert estimate(message, unicode=unicode).segments == expected


def test_unicode_replaces_nothing_and_counts_utf16() -> None:
    found = estimate("ça 😀 [°]", unicode=True)
    assert (found.text, found.units, found.unsupported) == ("ça 😀 [°]", 9, ())


def test_half_a_surrogate_pair_is_unsupported_in_unicode_too() -> None:
    assert estimate("\ud83d x \ud83d", unicode=True).unsupported == ("\ud83d",)


@given(st.text(st.characters(exclude_characters=":")), st.booleans())
def test_any_text_has_an_estimate_that_stands(message: str, unicode: bool) -> None:
    found = estimate(message, unicode=unicode)
    assert found.units >= len(found.text)
    assert (found.segments == 0) == (found.text == "")
    # no target of a replacement is replaced itself
    assert estimate(found.text, unicode=unicode) == found


@given(
    st.lists(st.tuples(st.integers(0, 170), st.sampled_from(["", "€", "\n", "😀"]), st.integers(0, 170))),
    st.booleans(),
)
def test_many_texts_count_what_each_counts(runs: list[tuple[int, str, int]], unicode: bool) -> None:
    texts = ["x" * before + char * times for before, char, times in runs if unicode or char != "😀"]

    counted = segments_of_each(BETWEEN.join(texts), unicode=unicode)

    assert counted == [estimate(text, unicode=unicode).segments for text in texts or [""]]


@given(st.lists(st.sampled_from(["\n", "\r\n", "€", ":br:", ":euro:", "é", "x ", '"', "日"])).map("".join))
def test_wire_form_and_written_form_are_the_same_text(message: str) -> None:
    assert estimate(wire_text(message)) == estimate(message)


@given(st.text(), st.text())
def test_more_text_is_never_fewer_segments(message: str, more: str) -> None:
    assert estimate(f"{message} {more}", unicode=True).segments >= estimate(message, unicode=True).segments


@given(st.text(PLAIN + ":", max_size=700), st.integers(0, 700))
def test_the_short_way_for_plain_texts_and_the_long_way_agree(plain: str, spot: int) -> None:
    # A character that leaves no trace takes the long way, and changes nothing else
    assert estimate(f"{plain[:spot]}\u200b{plain[spot:]}") == estimate(plain)


@given(st.text(PLAIN, max_size=700))
def test_plain_texts_stay_as_they_are(plain: str) -> None:
    assert (estimate(plain).text, outgoing(plain), changes(plain)) == (plain, plain, [])


@given(st.lists(st.text() | st.text("aç…\u0301e[^€:br\n\r"), min_size=1), st.booleans())
def test_messages_that_are_looked_at_together_are_spelled_as_each_is(
    messages: list[str], unicode: bool
) -> None:
    parted = [message.replace(BETWEEN, "") for message in messages]

    leaves, arrives = spelled(BETWEEN.join(parted), unicode=unicode)

    assert leaves.split(BETWEEN) == [outgoing(message, unicode=unicode) for message in parted]
    assert arrives.split(BETWEEN) == [estimate(message, unicode=unicode).text for message in parted]


def test_no_replacement_is_replaced_in_turn() -> None:
    for code in range(0x20, 0x3000):
        for text in spelled(chr(code)):
            assert spelled(text)[1] == written_out(spelled(chr(code))[1]), hex(code)
