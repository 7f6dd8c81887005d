"""The module xml: events and places, pieces, entities, encodings, errors and limits."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.api import BridgeError, Peer, Session
from bridge.modules import _xml_expat, xmldoc

BOMB = (
    b'<!DOCTYPE a [<!ENTITY a0 "'
    + b"x" * 1000
    + b'">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 9))
    + b"]><a>&a8;</a>"
)


@pytest.fixture
def session() -> Session:
    """Return a caller's session."""
    return Session(Peer(1, 0, 0))


def feed(session: Session, data: object, **more: Any) -> dict[str, Any]:
    """Parse a whole document."""
    return xmldoc.feed(session, None, data, True, **more)


def events_of(answer: dict[str, Any]) -> list[list[Any]]:
    """Return the events one by one: kind, position, what belongs to it. Elements with attributes are ``S``, too."""
    texts, others = iter(answer["texts"].split("\0")), iter(answer["others"])
    told: list[list[Any]] = []
    places = [answer["start"] + place for place in array("i", answer["places"])]
    for kind, place in zip(answer["kinds"], places, strict=True):
        if kind in "SECDM":
            told.append([kind, place, split(next(texts))])
        elif kind == "A":
            name, attributes = split(next(texts)), next(texts).split("\x01")
            told.append(
                ["S", place, name, *(split(each) if at % 2 == 0 else each for at, each in enumerate(attributes))]
            )
        elif kind == "P":
            told.append([kind, place, *next(texts).split("\x01")])
        elif kind in "[]F":
            told.append([kind, place])
        else:
            told.append([kind, place, *next(others)])
    assert next(texts, "") == ""
    assert next(others, None) is None
    return told


def split(name: str) -> list[str] | str:
    """Return namespace and name, or the name alone."""
    return name.split("\x1f") if "\x1f" in name else name


def kinds(answer: dict[str, Any]) -> str:
    """Return the kinds of the events in one word."""
    return "".join(event[0] for event in events_of(answer))


def text(events: list[list[Any]]) -> str:
    """Return all text of the content."""
    return "".join(event[2] for event in events if event[0] == "C")


def test_events_say_what_and_where(session: Session) -> None:
    """Each event has its position in bytes, from which the caller finds the text that belongs to it."""
    document = '<a b="1" c="ü">x<!--m--><?p d?><![CDATA[<]]><e/></a>'
    answer = feed(session, document.encode())
    assert events_of(answer) == [
        ["S", 0, "a", "b", "1", "c", "ü"],
        ["C", 16, "x"],
        ["M", 17, "m"],
        ["P", 25, "p", "d"],
        ["[", 32],
        ["C", 41, "<"],
        ["]", 42],
        ["S", 45, "e"],
        ["E", 49, "e"],
        ["E", 49, "a"],
    ]
    assert answer["end"] == len(document.encode())


def test_a_short_document_gives_the_same(session: Session) -> None:
    """It needs no parser that is kept."""
    for document in (
        b"<a b='1'>x<?p d?><e/></a>",
        b'<?xml version="1.0" encoding="UTF-8"?><a>\xc3\xa9</a>',
        b"<a><b></a>",
    ):
        whole = feed(session, document, options={"handlers": ["XMLDecl"]})
        del whole["parser"]
        assert xmldoc.short(session, document, {"handlers": ["XMLDecl"]}) == whole
    assert not session.data["xml"].parsers


@pytest.mark.parametrize(
    "document",
    [
        b"<a>" + b"x" * 1020 + b"</a>",
        b"<!DOCTYPE a><a/>",
        b"<a><!--b--></a>",
        '<a b="1"/>'.encode("utf-16"),
        b'<?xml version="1.0" encoding="cp037"?>',
    ],
)
def test_what_could_grow_is_not_short(session: Session, document: bytes) -> None:
    """The event loop must not wait for it."""
    with pytest.raises(BridgeError, match="at most 1024 bytes"):
        xmldoc.short(session, document)


def test_names_in_namespaces_come_apart(session: Session) -> None:
    """Declarations come before the element, names with their namespace."""
    answer = feed(session, b'<a xmlns="u" xmlns:p="v|w" p:x="1" y="2"/>', options={"namespaces": True})
    events = events_of(answer)
    assert sorted(map(str, events[:2])) == ["['N', 0, 'p', 'v|w']", "['N', 0, None, 'u']"]
    assert events[2] == ["S", 0, ["u", "a"], ["v|w", "x"], "1", "y", "2"]
    assert kinds(answer) == "NNSEnn"


@given(st.lists(st.integers(1, 12), max_size=40))
def test_pieces_give_what_the_whole_gives(sizes: list[int]) -> None:
    """However a document is cut, the events are the same, but for text that is cut."""
    session = Session(Peer(1, 0, 0))
    document = '<!DOCTYPE a [<!ENTITY i "<k/>yy">]>\n<a x="ä"> t &i; &amp; <b>é€</b>\n</a>'.encode()
    whole = events_of(feed(session, document))
    events: list[list[Any]] = []
    number, at = None, 0
    for size in sizes:
        answer = xmldoc.feed(session, number, document[at : at + size])
        number, at = answer["parser"], at + size
        events += events_of(answer)
    events += events_of(xmldoc.feed(session, number, document[at:], True))
    assert text(events) == text(whole)
    assert [e for e in events if e[0] in "SED"] == [e for e in whole if e[0] in "SED"]
    assert not session.data["xml"].parsers


def test_a_general_external_entity_is_parsed_when_the_caller_comes_to_it(session: Session) -> None:
    """Entities inside know the document's declarations, and hold entities of their own."""
    document = b'<!DOCTYPE a [<!ENTITY e SYSTEM "e.ent"><!ENTITY f SYSTEM "f.ent"><!ENTITY i "in">]><a>&e;<z/></a>'
    answer = feed(session, document, options={"handlers": ["ExternEnt"], "base": "dir/"})
    reference = next(event for event in events_of(answer) if event[0] == "R")
    assert reference[3:] == ["dir/", "e.ent", None]
    inner = xmldoc.feed(session, reference[2], b"<b>&i;</b>&f;", True, base="dir/e.ent")
    assert kinds(inner) == "SCER"
    assert events_of(inner)[1][2] == "in"
    innermost = events_of(inner)[3]
    assert innermost[3:] == ["dir/", "f.ent", None]
    assert text(events_of(xmldoc.feed(session, innermost[2], b"text", True))) == "text"


def test_external_entities_are_skipped_unless_asked_for(session: Session) -> None:
    """Nothing is opened: without a handler the reference is not even told."""
    document = b'<!DOCTYPE a SYSTEM "/etc/passwd" [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'
    answer = feed(session, document)
    assert text(events_of(answer)) == ""
    assert "need" not in answer


def test_parameter_entities_are_asked_for_and_nothing_is_told_twice(session: Session) -> None:
    """Parsing stops at each, and goes on where it stopped."""
    document = b'<!DOCTYPE a SYSTEM "a.dtd" [<!ENTITY % p SYSTEM "p.ent"><!ENTITY one "1"> %p; ]><a>&two;</a>'
    options = {"handlers": ["ExternEnt", "Entity", "Attlist"], "parameter_entities": True}
    first = feed(session, document, options=options)
    assert first["need"] == (None, "p.ent", None)
    second = xmldoc.supply(session, first["parser"], b"<!ENTITY two '2'>", True, "p.ent")
    assert second["need"] == (None, "a.dtd", None)
    third = xmldoc.supply(session, first["parser"], b"<!ATTLIST a b CDATA 'd'>", True)
    events = events_of(first) + events_of(second) + events_of(third)
    assert [event[3] for event in events if event[0] == "X" and event[2] == "Entity"] == ["p", "one", "two"]
    assert ["S", "a", "b", "d"] in [[e[0], *e[2:]] for e in events_of(third)]
    assert [event[0] for event in events].count("D") == len({event[1] for event in events if event[0] == "D"})
    assert text(events_of(third)) == "2"


def test_a_parameter_entity_that_is_missing_is_an_error_of_the_document(session: Session) -> None:
    """The caller says that there is none."""
    options = {"handlers": ["ExternEnt"], "parameter_entities": True}
    first = feed(session, b'<!DOCTYPE a SYSTEM "a.dtd"><a/>', options=options)
    answer = xmldoc.supply(session, first["parser"], None, True)
    assert answer["error"]["message"] == "error in processing external entity reference"
    with pytest.raises(BridgeError, match="no parser"):
        xmldoc.supply(session, first["parser"], b"", True)


def test_supplying_what_nobody_asked_for_is_refused(session: Session) -> None:
    """A caller that has lost count is told so."""
    number = xmldoc.feed(session, None, b"<a>")["parser"]
    with pytest.raises(BridgeError, match="nothing was asked for"):
        xmldoc.supply(session, number, b"x")


@pytest.mark.parametrize(
    ("document", "options"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>é</a>'.encode("latin-1"), {}),
        ("<a>é</a>".encode("latin-1"), {"encoding": "ISO-8859-1"}),
        ("<a>é</a>".encode("utf-16"), {}),
        ("<a>é</a>".encode("utf-16-be"), {"encoding": "UTF-16BE"}),
        ('<?xml version="1.0" encoding="windows-1252"?><a>é</a>'.encode("cp1252"), {}),
        ("\ufeff<a>é</a>".encode(), {}),
        ("<a>é</a>", {}),
        ("<a>é</a>".encode(), {}),
    ],
)
def test_encodings(session: Session, document: object, options: dict[str, Any]) -> None:
    """Text arrives as characters, whatever carried it."""
    assert text(events_of(feed(session, document, options=options))) == "é"


@pytest.mark.parametrize(
    ("document", "message", "line", "column", "byte"),
    [
        (b"<a>\n<b></a>", "mismatched tag", 2, 5, 9),
        (b"<a>\n  &nope;</a>", "undefined entity", 2, 2, 6),
        ("<a>ä&</a>".encode(), "not well-formed (invalid token)", 1, 5, 6),
        (b"", "no element found", 1, 0, 0),
        (b"<a>\xff</a>", "not well-formed (invalid token)", 1, 3, 3),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "unknown encoding", 1, 30, 30),
    ],
)
def test_errors_name_the_place(  # noqa: PLR0917 - a table
    session: Session, document: bytes, message: str, line: int, column: int, byte: int
) -> None:
    """The events before the error are told, and the parser is gone."""
    answer = feed(session, document)
    error = answer["error"]
    assert (error["message"], error["line"], error["column"], error["byte"]) == (message, line, column, byte)
    with pytest.raises(BridgeError, match="no parser"):
        xmldoc.feed(session, answer["parser"], b"")


def test_entities_that_multiply_are_stopped(session: Session) -> None:
    """A kilobyte that stands for a hundred gigabytes costs little."""
    try:
        answer = feed(session, BOMB)
    except BridgeError as error:
        assert "entities that multiply" in str(error)  # noqa: PT017 - which of the two guards is first is expat's affair
    else:
        assert "amplification" in answer["error"]["message"]
    assert not session.data["xml"].parsers


def test_depth_events_and_parsers_have_limits(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what was too much."""
    with pytest.raises(BridgeError, match="nested more than 10000 deep"):
        feed(session, b"<a>" * 10_001)
    monkeypatch.setattr(_xml_expat, "MAX_TEXT", 10 * _xml_expat.EVENT)
    with pytest.raises(BridgeError, match="more than 320 characters, an event counted as 32"):
        feed(session, b"<r>" + b"<a/>" * 10 + b"</r>")
    monkeypatch.setattr(xmldoc, "MAX_PARSERS", 2)
    numbers = [xmldoc.feed(session, None, b"<a>")["parser"] for _ in range(2)]
    with pytest.raises(BridgeError, match="most it may"):
        xmldoc.feed(session, None, b"<a>")
    assert xmldoc.release(session, [*numbers, 99]) == 2
    assert "error" not in feed(session, b"<a/>")


@pytest.mark.parametrize(
    ("begin", "more", "said"),
    [
        (b"<a><!--", b"x" * 600, "longer than 1000 bytes"),
        (b'<r><a b="', b"x" * 600, "longer than 1000 bytes"),
        (b"<!DOCTYPE a [", b"<!ENTITY b 'c'>" * 40, "no element within 1000 bytes"),
        (b"", b"<?p d?>" * 90, "no element within 1000 bytes"),
    ],
)
def test_what_is_held_back_has_a_limit(
    session: Session, monkeypatch: pytest.MonkeyPatch, begin: bytes, more: bytes, said: str
) -> None:
    """A caller that never comes to an end does not fill the daemon's memory."""
    monkeypatch.setattr(_xml_expat, "MAX_HELD", 1000)
    number = xmldoc.feed(session, None, begin + more)["parser"]
    with pytest.raises(BridgeError, match=said):
        xmldoc.feed(session, number, more)
    assert not session.data["xml"].parsers


def test_a_long_document_is_not_held_back(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Text and elements go on as long as they like, also when the root comes with the first piece."""
    monkeypatch.setattr(_xml_expat, "MAX_HELD", 1000)
    number = xmldoc.feed(session, None, b"<!DOCTYPE a><a>")["parser"]
    for _ in range(10):
        answer = xmldoc.feed(session, number, b"text <b/>" * 60)
    assert "error" not in xmldoc.feed(session, number, b"</a>" + b"<!--c-->" * 200, True)
    assert events_of(answer)


def test_prologs_with_many_entities_have_a_limit(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each entity has the prolog parsed anew, so what is supplied counts, too."""
    monkeypatch.setattr(_xml_expat, "MAX_HELD", 1000)
    options = {"handlers": ["ExternEnt"], "parameter_entities": True}
    document = b'<!DOCTYPE a [<!ENTITY % p SYSTEM "p">' + b"%p;" * 20 + b"]><a/>"
    number = feed(session, document, options=options)["parser"]
    for _ in range(8):
        xmldoc.supply(session, number, b"<!--" + b"x" * 100 + b"-->", True)
    with pytest.raises(BridgeError, match="entities of the prolog included"):
        xmldoc.supply(session, number, b"<!--" + b"x" * 100 + b"-->", True)


def test_a_muted_parser_tells_errors_only(session: Session) -> None:
    """For programs that have seen enough, but want to know whether the rest is well-formed."""
    number = xmldoc.feed(session, None, b"<a>")["parser"]
    answer = xmldoc.feed(session, number, b"<b>text</b></c>", True, mute=True)
    assert events_of(answer) == []
    assert answer["error"]["message"] == "mismatched tag"


@pytest.mark.parametrize(
    "options", [{"handlers": ["Nonsense"]}, {"namespaces": 3}, {"colour": "red"}, {"encoding": "a\0b"}]
)
def test_options_are_checked(session: Session, options: dict[str, Any]) -> None:
    """A wrong one is the caller's fault, and leaves nothing behind."""
    with pytest.raises(BridgeError, match="options"):
        feed(session, b"<a/>", options=options)
    assert not session.data["xml"].parsers


@pytest.mark.parametrize("data", [5, None, {"a": "<a/>"}, ["<a/>"]])
def test_data_must_be_bytes(session: Session, data: object) -> None:
    """Nothing else is guessed at."""
    with pytest.raises(BridgeError, match="data must be"):
        feed(session, data)
