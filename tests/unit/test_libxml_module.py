"""The bridge module libxml: libxml2 parses and validates, and reaches for nothing that the caller did not give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.api import BridgeError, ErrorType
from bridge.modules import _libxml_parse
from bridge.modules.libxml import parse, parse_html, validate

SCHEMA = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="a" type="xs:int"/></xs:schema>"""
RNG = "http://relaxng.org/ns/structure/1.0"


def text(answer: dict[str, Any]) -> str:
    assert answer["problems"] == []
    return written(answer)


def written(answer: dict[str, Any]) -> str:
    return bytes(answer["text"]).decode()


class TestTree:
    """What comes back of a document."""

    def test_the_text_is_all_of_the_tree(self) -> None:
        source = (
            '<?xml version="1.0" encoding="iso-8859-1" standalone="yes"?><!--c--><a xmlns:p="u" p:b="&#10;\xe9">'
            "<![CDATA[<&]]>t&#13;<b/><?d e?></a><!--f-->"
        )
        answer = parse(source.encode("latin-1"))
        assert text(answer) == ('<!--c--><a xmlns:p="u" p:b="&#10;\xe9"><![CDATA[<&]]>t&#13;<b/><?d e?></a><!--f-->')
        assert (answer["version"], answer["encoding"], answer["standalone"]) == ("1.0", "iso-8859-1", True)

    def test_documents_come_as_bytes_or_text(self) -> None:
        expected = text(parse("<a>\xe9</a>"))
        assert text(parse("<a>\xe9</a>".encode())) == expected

    @pytest.mark.parametrize("data", [None, 3, ["<a/>"], {"a": "<a/>"}])
    def test_other_documents_are_refused(self, data: Any) -> None:
        with pytest.raises(BridgeError) as caught:
            parse(data)
        assert caught.value.error_type is ErrorType.BAD_PARAMS

    def test_an_encoding_from_outside_wins(self) -> None:
        source = '<?xml version="1.0" encoding="iso-8859-1"?><a>\xe9</a>'.encode()
        assert text(parse(source, {"encoding": "UTF-8"})) == "<a>\xe9</a>"

    def test_an_unknown_encoding_is_named(self) -> None:
        with pytest.raises(BridgeError, match="klingon"):
            parse("<a/>", {"encoding": "klingon"})

    def test_options(self) -> None:
        source = "<a>\n<b><![CDATA[x]]></b>\n</a>"
        assert text(parse(source, {"no_blanks": 1, "no_cdata": 1})) == "<a><b>x</b></a>"
        assert parse(source, {"line_numbers": 1})["lines"] == [1, 2]
        with pytest.raises(BridgeError, match="colour"):
            parse(source, {"colour": 1})
        with pytest.raises(BridgeError, match="options"):
            parse(source, {"url": ["x"]})

    def test_declarations_of_the_dtd(self) -> None:
        source = '<!DOCTYPE a [<!ELEMENT a ANY><!ATTLIST a i ID #IMPLIED d CDATA "x"><!ENTITY e "f<b/>">]><a>&e;</a>'
        answer = parse(source)
        assert answer["ids"] == [("a", "i")]
        assert answer["defaults"] == [("a", "d", "x")]
        assert answer["entities"] == [("e", "f<b/>")]
        assert written(answer).endswith("<a>f<b/></a>")
        assert written(parse(source, {"expand_entities": 0})).endswith("<a>&e;</a>")
        assert written(parse(source, {"complete_attributes": 1})).endswith('<a d="x">f<b/></a>')

    def test_attributes_of_elements_that_are_not_declared(self) -> None:
        answer = parse(
            "<!DOCTYPE a [<!ATTLIST a i ID #REQUIRED c (d|e) 'd' p:f CDATA #FIXED '\"&lt;'>]><a i='x' xmlns:p='u:u'/>"
        )
        assert answer["ids"] == [("a", "i")]
        assert answer["defaults"] == [("a", "c", "d"), ("a", "p:f", '"<')]

    def test_the_external_subset_counts(self) -> None:
        given = {"x.dtd": "<!ELEMENT a ANY><!ATTLIST a i ID #IMPLIED d CDATA 'v'><!ENTITY e 'f'>"}
        answer = parse('<!DOCTYPE a SYSTEM "x.dtd"><a>&e;</a>', {"load_ext_dtd": 1}, given)
        assert (answer["ids"], answer["defaults"]) == ([("a", "i")], [("a", "d", "v")])
        assert written(answer).endswith("<a>f</a>")

    def test_a_doctype_of_another_name(self) -> None:
        source = '<!DOCTYPE b [\n<!ENTITY e "f">\n]>\n<a xmlns="u:u"/>'
        assert text(parse(source)) == source

    def test_xhtml_is_written_like_any_xml(self) -> None:
        source = (
            '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "xhtml1-strict.dtd">\n'
            "<html><head/><body><br/><p/></body></html>"
        )
        assert text(parse(source)) == source

    def test_html(self) -> None:
        answer = parse_html("<p>a&b<br>\xe9<script>x<y</script>", {"encoding": "UTF-8"})
        assert written(answer).startswith("<!DOCTYPE html")
        body = "<html><body><p>a&amp;b<br/>\xe9<script>x&lt;y</script></p></body></html>"
        assert written(answer).endswith(body)
        assert written(parse_html("<p>", {"no_defdtd": 1})) == "<html><body><p/></body></html>"


class TestProblems:
    """What comes back of what is wrong."""

    def test_a_broken_document_has_problems_and_no_text(self) -> None:
        answer = parse("<a>\n<b></a>", {"url": "x.xml"})
        assert "text" not in answer
        domain, code, level, line, _, message, file = answer["problems"][0]
        assert (domain, code, level, line, file) == (1, 76, 3, 2, "x.xml")
        assert message == "Opening and ending tag mismatch: b line 2 and a"

    def test_recovering_gives_both(self) -> None:
        answer = parse("<a><b></a>", {"recover": 1})
        assert written(answer) == "<a><b/></a>"
        assert answer["problems"][0][1] == 76

    def test_nothing_at_all(self) -> None:
        assert parse("")["problems"][0][1] == 4

    def test_each_document_has_its_own(self) -> None:
        assert len(parse("<a>")["problems"]) == 1
        assert parse("<a/>")["problems"] == []

    def test_a_dtd_of_the_callers(self) -> None:
        assert parse("<!--x--><a/>", dtd="<!ELEMENT a EMPTY>")["problems"] == []
        codes = [problem[1] for problem in parse("<a><b/></a>", dtd="<!ELEMENT a EMPTY>")["problems"]]
        assert codes == [534, 528]


class TestNothingFromOutside:
    """No file is opened, whatever a document or a schema says."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> Path:
        path = tmp_path / "secret.xml"
        path.write_text("<secret/>")
        return path

    def test_what_is_needed_is_asked_for(self, secret: Path) -> None:
        source = f'<!DOCTYPE a SYSTEM "{secret}.dtd" [<!ENTITY e SYSTEM "{secret}">]><a>&e;</a>'
        answer = parse(source, {"load_ext_dtd": 1})
        assert sorted(answer) == ["need"]
        assert answer["need"] == [(f"{secret}.dtd", None), (str(secret), None)]

    def test_what_is_given_is_used(self) -> None:
        source = '<!DOCTYPE a [<!ENTITY e SYSTEM "e.xml">]><a>&e;</a>'
        answer = parse(source, {"url": "http://host/dir/a.xml"})
        assert answer["need"] == [("http://host/dir/e.xml", None)]
        answer = parse(source, {"url": "http://host/dir/a.xml"}, {"http://host/dir/e.xml": "<given/>"})
        assert written(answer).endswith("<a><given/></a>")

    def test_what_is_refused_stays_a_reference(self, secret: Path) -> None:
        source = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret}"><!ENTITY % p SYSTEM "{secret}">%p;]><a>1&e;2</a>'
        answer = parse(source, {}, {str(secret): None})
        assert written(answer).endswith("<a>1&e;2</a>")
        assert written(answer).count("refused-") == 0
        assert written(answer).count("&e;") == 1

    @pytest.mark.parametrize("element", ["include", "import", "redefine"])
    def test_schemas(self, element: str, secret: Path) -> None:
        namespace = ' namespace="u"' if element == "import" else ""
        schema = (
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:{element}{namespace} '
            f'schemaLocation="{secret}"/><xs:element name="a"/></xs:schema>'
        )
        assert validate("schema", schema) == {"need": [(str(secret), None)]}

    def test_schema_hints_in_documents(self, secret: Path) -> None:
        secret.write_text(
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="u">'
            '<xs:element name="b" type="xs:int"/></xs:schema>'
        )
        schema = SCHEMA.replace(
            b' type="xs:int"/>',
            b'><xs:complexType><xs:sequence><xs:any namespace="##other" processContents="lax"/></xs:sequence>'
            b"</xs:complexType></xs:element>",
        )
        document = (
            '<a xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="u {secret}"><b xmlns="u">no number</b></a>'
        )
        assert validate("schema", schema, document) == {"broken": [], "problems": []}

    @pytest.mark.parametrize("element", ['<include href="{}"/>', '<start><externalRef href="{}"/></start>'])
    def test_relaxng(self, element: str, secret: Path) -> None:
        grammar = f'<grammar xmlns="{RNG}">{element.format(secret)}</grammar>'
        assert validate("relaxng", grammar) == {"need": [(str(secret), None)]}
        assert validate("relaxng", grammar, "<a/>", resources={str(secret): None})["broken"]

    def test_references_in_validated_documents(self, secret: Path) -> None:
        document = f'<!DOCTYPE a [<!ENTITY e SYSTEM "{secret}">]><a>&e;</a>'
        problems = validate("schema", SCHEMA, document)["problems"]
        assert "secret" not in problems[0][5]


class TestTooMuch:
    """What is made to eat memory."""

    def test_entities_that_grow(self) -> None:
        lines = ['<!ENTITY e0 "0123456789">'] + [f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 9)]
        answer = parse(f"<!DOCTYPE a [{''.join(lines)}]><a>&e8;</a>")
        assert "text" not in answer
        assert answer["problems"]

    def test_elements_too_deep(self) -> None:
        answer = parse("<a>" * 100_000 + "</a>" * 100_000)
        assert "text" not in answer

    @pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="iso-8859-1"?>', "\ufeff"])
    def test_a_huge_document_may_be_deeper(self, declaration: str) -> None:
        source = declaration + "<a>" * 1000 + "</a>" * 1000
        assert text(parse(source, {"huge": True})).count("<a>") == 999
        assert "Excessive depth" in parse(source)["problems"][0][5]

    @pytest.mark.parametrize(
        ("before", "encoding"),
        [
            ("<!DOCTYPE a>", "utf-8"),
            ("<?xml version='1.0' encoding='UTF-7'?>", "ascii"),
            ("<?xml version='1.0' encoding = 'koi8-r' ?>", "ascii"),
            ("<?xml version='1.0' encoding='UTF-16'?>", "utf-16"),
            ("<?xml version='1.0'?>", "utf-16-le"),
        ],
    )
    def test_one_that_could_declare_entities_may_not(self, before: str, encoding: str) -> None:
        source = before + "<a>" * 1000 + "</a>" * 1000
        answer = parse(source.encode(encoding), {"huge": True})
        assert "text" not in answer
        assert answer["problems"]

    def test_entities_grow_no_further_in_a_huge_document(self) -> None:
        entities = "".join(f"<!ENTITY e{n} '{f'&e{n - 1};' * 10}'>" for n in range(1, 9))
        source = f"<!DOCTYPE a [<!ENTITY e0 '{'x' * 100}'>{entities}]><a>&e8;</a>"
        assert "text" not in parse(source, {"huge": True})

    def test_too_many_resources(self) -> None:
        with pytest.raises(BridgeError, match="1000"):
            parse("<a/>", {}, {str(number): "" for number in range(1001)})

    def test_default_attributes_that_grow(self) -> None:
        subset = f'<!DOCTYPE a [<!ATTLIST b c CDATA "{"x" * 100_000}">]>'
        few = parse(f"{subset}<a>{'<b/>' * 3}</a>", {"complete_attributes": 1})
        assert len(few["text"]) > 300_000
        many = parse(f"{subset}<a>{'<b/>' * 1000}</a>", {"complete_attributes": 1})
        assert "amplification" in many["problems"][0][5]

    def test_grammars_that_grow(self) -> None:
        included = f'<grammar xmlns="{RNG}"><!--{"x" * 1_000_000}--></grammar>'
        includes = '<include href="x.rng"/>' * 30
        broken = validate("relaxng", f'<grammar xmlns="{RNG}">{includes}</grammar>', resources={"x.rng": included})
        assert "bytes" in broken["broken"][0][5]


class TestSchemas:
    """Validation."""

    def test_a_sound_and_an_unsound_document(self) -> None:
        assert validate("schema", SCHEMA, "<a>1</a>") == {"broken": [], "problems": []}
        problems = validate("schema", SCHEMA, "<a>x</a>")["problems"]
        assert problems[0][0] == 17

    def test_a_broken_schema(self) -> None:
        assert validate("schema", SCHEMA.replace(b"xs:int", b"xs:nothing"))["broken"]
        assert validate("schema", b"<a")["broken"]
        assert validate("relaxng", b"<a/>")["broken"]

    def test_relaxng_includes(self) -> None:
        base = (
            f'<grammar xmlns="{RNG}"><start><ref name="a"/></start>'
            '<define name="a"><element name="a"><text/></element></define></grammar>'
        )
        schema = (
            f'<grammar xmlns="{RNG}"><include href="base.rng"><define name="a"><element name="b"><externalRef '
            'href="text.rng"/></element></define></include></grammar>'
        )
        known = {"dir/base.rng": base, "dir/text.rng": f'<text xmlns="{RNG}"/>'}
        checked = validate("relaxng", schema, "<b>t</b>", url="dir/main.rng", resources=known)
        assert checked == {"broken": [], "problems": []}
        assert validate("relaxng", schema, "<a>t</a>", url="dir/main.rng", resources=known)["problems"]

    def test_relaxng_that_includes_itself(self) -> None:
        schema = f'<grammar xmlns="{RNG}"><include href="self.rng"/></grammar>'
        broken = validate("relaxng", schema, resources={"self.rng": schema})["broken"]
        assert "200" in broken[0][5]


def test_without_lxml_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*names: Any) -> Any:
        raise ImportError("No module named 'lxml'")

    monkeypatch.setattr("builtins.__import__", missing)
    try:
        with pytest.raises(BridgeError, match=r"cpanbridge\[libxml\]"):
            parse("<a/>")
    finally:
        monkeypatch.undo()


def test_a_doctype_is_put_before_the_root() -> None:
    put = _libxml_parse._with_doctype
    assert put(b"<?p <x?><!-- <y> -->\n<a:b c='d'/>").startswith(b"<?p <x?><!-- <y> -->\n<!DOCTYPE a:b SYSTEM ")
