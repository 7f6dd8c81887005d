"""The module database with Oracle: a stand-in for connections, the real python-oracledb for everything else."""

from __future__ import annotations

import ast
import inspect
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fake_oracledb
import oracledb
import pytest

from bridge.api import BridgeError, ErrorType, Peer, Session
from bridge.modules import database
from bridge.modules._database_access import Options, Rules
from bridge.modules._database_oracle_connect import words

STRANGER = Peer(pid=1, uid=os.geteuid() + 1, gid=1)
MODULES = Path(database.__file__).parent
DRIVER = sorted(MODULES.glob("_database_oracle*.py"))
ACCOUNT = {"host": "db", "user": "scott", "password": "tiger"}


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """Return the session of a caller who is the daemon's own user; connections are the stand-in's."""
    monkeypatch.setattr(oracledb, "connect", fake_oracledb.connect)
    fake_oracledb.Connection.opened.clear()
    made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
    yield made
    assert made.close() == []
    database.configure({})


def opened(session: Session, **parameters: str) -> int:
    made = database.connect(session, "oracle", "xe", {}, {**ACCOUNT, **parameters})
    number = made["connection"]
    assert isinstance(number, int)
    return number


def server() -> fake_oracledb.Connection:
    """Return what the last connection is on the server's side."""
    return fake_oracledb.Connection.opened[-1]


def run(session: Session, connection: int, sql: str, *values: Any) -> Any:
    return database.run(session, connection, sql, list(values))


def call(function: str, session: Session, *args: Any, **more: Any) -> Any:
    return database.module.functions[function].call(session, *args, **more)


def executed(session: Session, connection: int, sql: str, values: list[Any], **more: Any) -> Any:
    statement = database.prepare(session, connection, sql)["statement"]
    return {"statement": statement, **call("execute_binds", session, statement, values, **more)}


def failure(session: Session, connection: int, sql: str, *values: Any) -> BridgeError:
    with pytest.raises(BridgeError) as caught:
        run(session, connection, sql, *values)
    return caught.value


class TestRealPackage:
    """What the driver uses, and what the stand-in stands in for, is there in the real package, with that signature."""

    def test_every_name_of_the_package_s(self) -> None:
        """Types, exceptions, functions."""
        used = {
            node.attr
            for path in DRIVER
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "oracledb"
        }
        assert len(used) > 30
        assert [name for name in used if not hasattr(oracledb, name)] == []

    @pytest.mark.parametrize("path", DRIVER, ids=lambda path: path.stem)
    def test_every_attribute_and_argument_of_its_objects(self, path: Path) -> None:
        """Found by what the driver calls them: cursors, variables, columns, LOBs, raw connections."""
        kinds = {"cursor": oracledb.Cursor, "column": oracledb.FetchInfo, "lob": oracledb.LOB, "params": PARAMS}
        kinds |= dict.fromkeys(("var", "array", "count"), oracledb.Var)
        raw = oracledb.LOB if "lobs" in path.stem else oracledb.Connection
        tree = ast.parse(path.read_text())
        calls = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Attribute):
                continue
            owner = node.value
            kind = kinds.get(owner.id) if isinstance(owner, ast.Name) else None
            if isinstance(owner, ast.Attribute) and owner.attr == "raw":
                kind = raw
            if kind is None:
                continue
            member = inspect.getattr_static(kind, node.attr, None)
            assert member is not None, f"{kind.__name__} has no {node.attr}: line {node.lineno}"
            if (used := calls.get(id(node))) is not None:
                named = {keyword.arg: None for keyword in used.keywords if keyword.arg}
                inspect.signature(member).bind(None, *used.args, **named)

    @pytest.mark.parametrize("name", ["Connection", "Cursor", "LOB", "Var", "FetchInfo"])
    def test_the_stand_in_has_the_same_signatures(self, name: str) -> None:
        """Of everything that it has of the real class."""
        real, fake = getattr(oracledb, name), getattr(fake_oracledb, name)
        compared = 0
        for member, ours in vars(fake).items():
            theirs = inspect.getattr_static(real, member, None)
            if theirs is None or member.startswith("_"):
                continue
            compared += 1
            assert isinstance(ours, property) == isinstance(theirs, property), member
            if isinstance(ours, property):
                assert (ours.fset is not None) <= (theirs.fset is not None), member
            else:
                expected = [(p.name, p.kind, p.default) for p in inspect.signature(theirs).parameters.values()]
                assert [(p.name, p.kind, p.default) for p in inspect.signature(ours).parameters.values()] == expected
        assert compared >= 5

    def test_connect_takes_what_it_is_given(self) -> None:
        """And what the driver gives it is all that it can give."""
        given = words("xe", {"user": "u", "password": "p", "host": "h", "sid": "s", "server": "pooled", "cclass": "c",
                             "driver_name": "d", "program": "p", "machine": "m", "osuser": "o", "terminal": "t",
                             "edition": "e", "mode": "sysdba", "port": "1"}, Rules(trusted=True))  # fmt: skip
        inspect.signature(oracledb.connect).bind(**given)
        assert given["mode"] is oracledb.AuthMode.SYSDBA


PARAMS = oracledb.ConnectParams


class TestConnecting:
    def test_settings_of_the_session_come_with_it(self, session: Session) -> None:
        """In one statement, language and territory first, quoted."""
        opened(session, nls_date_format="DD'X", nls_language="GERMAN", time_zone="+02:00", program="report.pl")
        assert server().statements == [
            "ALTER SESSION SET NLS_LANGUAGE = 'GERMAN' NLS_DATE_FORMAT = 'DD''X' TIME_ZONE = '+02:00'"
        ]
        assert (server().words["program"], server().words["port"]) == ("report.pl", 1521)
        assert server().autocommit
        assert server().call_timeout == 290_000

    def test_a_session_that_cannot_be_set_up_is_closed(self, session: Session) -> None:
        """It is not left on the server."""
        with pytest.raises(BridgeError, match="ORA-12705") as caught:
            opened(session, nls_language="KLINGON")
        assert (caught.value.details["code"], server().ended) == (12705, ["rollback", "close"])

    @pytest.mark.parametrize(
        ("parameters", "code", "said"),
        [
            ({"password": "wrong"}, 1017, "ORA-01017: invalid username/password; logon denied (DBD ERROR: OCIServer"),
            ({"password": ""}, 1005, "ORA-01005: DPY-4001: no credentials specified"),
            ({"host": ""}, 12154, "the daemon reads no tnsnames.ora"),
            ({"port": "x"}, 12154, '"x" is no port'),
            ({"host": "config-file://x"}, 12154, "is no host"),
            ({"mode": "god"}, 12154, "sysdba"),
            ({"wallet_location": "/x"}, 12154, 'unknown connection option "wallet_location"'),
        ],
    )
    def test_what_goes_wrong_is_told(self, session: Session, parameters: dict[str, str], code: int, said: str) -> None:
        """With the number that Oracle's clients have for it."""
        with pytest.raises(BridgeError) as caught:
            opened(session, **parameters)
        assert said in caught.value.message
        assert caught.value.details["code"] == code

    def test_a_closed_port_through_the_real_package(self) -> None:
        """ORA-12541, whatever Python calls it."""
        made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            port = closed.getsockname()[1]
            with pytest.raises(BridgeError, match=r"(?s)ORA-12541: DPY-6005: .*refused") as caught:
                database.connect(made, "oracle", "xe", {}, {**ACCOUNT, "host": "127.0.0.1", "port": str(port)})
        assert caught.value.details["code"] == 12541

    @pytest.mark.parametrize("code", [12514, 12505, 12528])
    def test_a_listener_that_refuses_through_the_real_package(self, code: int) -> None:
        """What the listener says on the wire has its number in the end."""
        text = f"(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))".encode()
        body = struct.pack(">BBH", 34, 0, len(text)) + text
        refused = struct.pack(">HHBBH", len(body) + 8, 0, 4, 0, 0) + body
        made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def refuse() -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.recv(4096)
                    connection.sendall(refused)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass

            thread = threading.Thread(target=refuse)
            thread.start()
            parameters = {**ACCOUNT, "host": "127.0.0.1", "port": str(listening.getsockname()[1])}
            with pytest.raises(BridgeError, match=rf"ORA-{code}: DPY-600") as caught:
                database.connect(made, "oracle", "xe", {}, parameters)
            thread.join()
        assert caught.value.details["code"] == code

    @pytest.mark.parametrize("said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
    def test_a_server_that_is_none_of_oracle_s_through_the_real_package(self, said: bytes) -> None:
        """What it says, or that it hangs up, ends in an error of the database's, not of Python's."""
        made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def answer() -> None:
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(said)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(4096):
                        pass

            thread = threading.Thread(target=answer)
            thread.start()
            parameters = {**ACCOUNT, "host": "127.0.0.1", "port": str(listening.getsockname()[1])}
            with pytest.raises(BridgeError, match=r"\(DBD ERROR: OCIServerAttach\)") as caught:
                database.connect(made, "oracle", "xe", {}, parameters)
            thread.join()
        assert caught.value.error_type is ErrorType.FUNCTION_ERROR
        assert caught.value.details["code"] > 1, "1 is a duplicate key"

    def test_a_name_that_no_resolver_knows_through_the_real_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """python-oracledb lets the resolver's own exception through."""

        def resolve(*_: object, **__: object) -> None:
            raise socket.gaierror(-2, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", resolve)
        made = Session(Peer(pid=1, uid=os.geteuid(), gid=os.getegid()))
        with pytest.raises(BridgeError, match="ORA-12545") as caught:
            database.connect(made, "oracle", "xe", {}, {**ACCOUNT, "host": "nowhere.invalid"})
        assert caught.value.details["code"] == 12545


class TestAccess:
    ADDRESS = "(ADDRESS=(PROTOCOL=tcp)(HOST={})(PORT=1521))"

    def descriptor(self, *hosts: str, more: str = "") -> str:
        addresses = "".join(self.ADDRESS.format(host) for host in hosts)
        return f"(DESCRIPTION=(ADDRESS_LIST={addresses})(CONNECT_DATA=(SERVICE_NAME=xe)){more})"

    def test_others_connect_to_servers_that_are_named(self) -> None:
        """To each that a descriptor names."""
        rules = Rules.of(STRANGER, Options(servers=["db1", "db2:1521"]))
        assert words("xe", {"host": "db1", "user": "u"}, rules)["service_name"] == "xe"
        assert words(self.descriptor("db1", "db2"), {}, rules)["dsn"].startswith("(DESCRIPTION")
        for database_, parameters in (
            ("xe", {"host": "db3"}),
            (self.descriptor("db1", "db3"), {}),
            (self.descriptor("db1").replace("1521", "22").replace("db1", "db2"), {}),
        ):
            with pytest.raises(BridgeError) as caught:
                words(database_, parameters, rules)
            assert caught.value.error_type is ErrorType.FORBIDDEN

    @pytest.mark.parametrize(
        "more", ["(SECURITY=(MY_WALLET_DIRECTORY=/home/daemon))", "(HTTPS_PROXY=inside)", "(IFILE = /etc/passwd)"]
    )
    def test_others_name_no_files_and_no_proxies(self, more: str) -> None:
        """They would be opened as the daemon's user; who is that user may."""
        with pytest.raises(BridgeError) as caught:
            words(self.descriptor("db", more=more), {}, Rules.of(STRANGER, Options(servers=["*"])))
        assert caught.value.error_type is ErrorType.FORBIDDEN
        assert words(self.descriptor("db", more=more), {}, Rules(trusted=True))

    def test_a_descriptor_s_host_goes_before_the_parameter_s(self) -> None:
        """What was checked is what is used."""
        made = words(self.descriptor("db"), {"host": "other", "sid": "other"}, Rules(trusted=True))
        assert "host" not in made
        assert "sid" not in made


class TestValues:
    def table(self, session: Session, **parameters: str) -> int:
        connection = opened(session, **parameters)
        columns = "id NUMBER, name VARCHAR2(20), born DATE, seen TIMESTAMP(3), exact TIMESTAMP(9), text CLOB, data BLOB"
        run(session, connection, f"CREATE TABLE t ({columns}, code RAW(4), note LONG)")
        return connection

    def test_numbers_keep_every_digit(self, session: Session) -> None:
        """And look as Oracle's clients show them."""
        connection = self.table(session)
        for number in (
            "12345678901234567890123456789012345678",
            "0.10",
            "-0.5",
            "-7",
            "0",
            "1.000000000000000000000001",
        ):
            run(session, connection, "INSERT INTO t (id) VALUES (:1)", number)
        found = run(session, connection, "SELECT id FROM t")["rows"]
        assert [row[0] for row in found] == [
            "12345678901234567890123456789012345678", ".10", "-.5", "-7", "0", "1.000000000000000000000001",
        ]  # fmt: skip

    def test_the_session_s_decimal_point_is_used(self, session: Session) -> None:
        """Also after it was changed, by ALTER SESSION or by PL/SQL."""
        connection = self.table(session, nls_language="GERMAN", nls_territory="GERMANY")
        run(session, connection, "INSERT INTO t (id) VALUES (:1)", "0.5")
        assert run(session, connection, "SELECT id FROM t")["rows"] == [[",5"]]
        run(session, connection, "ALTER SESSION SET NLS_NUMERIC_CHARACTERS = '.,'")
        assert run(session, connection, "SELECT id FROM t")["rows"] == [[".5"]]
        run(session, connection, "BEGIN dbms_session.set_nls('nls_numeric_characters', ''',.'''); END;")
        assert run(session, connection, "SELECT id FROM t")["rows"] == [[",5"]]
        assert sum("nls_session_parameters" in sql for sql in server().statements) == 3

    def test_dates_are_shown_in_the_session_s_format(self, session: Session) -> None:
        """Those of DATE, and of TIMESTAMP with as many digits as the column has."""
        connection = self.table(session)
        row = ("2026-11-03 15:04:05", "2026-11-03 15:04:05.120000")
        run(session, connection, "INSERT INTO t (born, seen) VALUES (:1, :2)", *row)
        sql = "SELECT born, seen FROM t"
        assert run(session, connection, sql)["rows"] == [["03-NOV-26", "03-NOV-26 03.04.05.120 PM"]]
        run(session, connection, "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'")
        assert run(session, connection, sql)["rows"][0][0] == "2026-11-03 15:04:05"

    def test_names_of_other_languages_are_asked_for(self, session: Session) -> None:
        """Once, and only where the language or the territory is not the usual one."""
        connection = self.table(session, nls_language="GERMAN", nls_date_format='FMDay, DD. Month YYYY "D"=D')
        run(session, connection, "INSERT INTO t (born) VALUES (:1)", "2026-03-03 00:00:00")
        for _ in range(2):
            assert run(session, connection, "SELECT born FROM t")["rows"] == [["Dienstag, 3. März 2026 D=2"]]
        assert sum("CONNECT BY" in sql for sql in server().statements) == 1

    def test_what_would_be_lost_is_an_error(self, session: Session) -> None:
        """Nanoseconds, time zones, and elements of formats that only the server knows; it says what to do."""
        connection = self.table(session)
        run(session, connection, "INSERT INTO t (exact, born) VALUES (:1, :1)", "2026-11-03 15:04:05.123456")
        error = failure(session, connection, "SELECT exact FROM t")
        assert error.details["code"] == 1821
        assert 'TO_CHAR("EXACT", ...)' in error.message
        run(session, connection, "ALTER SESSION SET NLS_TIMESTAMP_FORMAT = 'HH24:MI:SS.FF3'")
        assert run(session, connection, "SELECT exact FROM t")["rows"] == [["15:04:05.123"]]
        fake_oracledb.COLUMNS["ZONED"] = (oracledb.DB_TYPE_TIMESTAMP_TZ, 0, 6)
        assert "time zone" in failure(session, connection, "SELECT exact AS zoned FROM t").message
        run(session, connection, "ALTER SESSION SET NLS_TIMESTAMP_TZ_FORMAT = 'HH24:MI'")
        assert run(session, connection, "SELECT exact AS zoned FROM t")["rows"] == [["15:04"]]
        run(session, connection, "ALTER SESSION SET NLS_DATE_FORMAT = 'DL'")
        assert "NLS_DATE_FORMAT is 'DL'" in failure(session, connection, "SELECT born FROM t").message

    def test_an_empty_string_is_null(self, session: Session) -> None:
        """As it is in Oracle."""
        connection = self.table(session)
        run(session, connection, "INSERT INTO t (name, id) VALUES (:1, :2)", "", None)
        assert run(session, connection, "SELECT name, id FROM t WHERE name IS NULL")["rows"] == [[None, None]]

    def test_raw_is_hexadecimal_and_others_are_what_they_are(self, session: Session) -> None:
        """RAW as its client shows it; intervals, floats."""
        connection = self.table(session)
        run(session, connection, "INSERT INTO t (code, id) VALUES (:1, :2)", b"\x00\xab", 7)
        assert run(session, connection, "SELECT code, id FROM t")["rows"] == [["00AB", "7"]]
        fake_oracledb.COLUMNS["LONG_RAW"] = (oracledb.DB_TYPE_LONG_RAW, None, None)
        assert run(session, connection, "SELECT code AS long_raw FROM t")["rows"] == [["00AB"]]
        fake_oracledb.COLUMNS["F"] = (oracledb.DB_TYPE_BINARY_DOUBLE, None, None)
        assert run(session, connection, "SELECT 0.1 AS f FROM dual")["rows"] == [["0.1"]]
        assert run(session, connection, "SELECT 2.0 AS f FROM dual")["rows"] == [["2"]]

    def test_large_values_come_as_far_as_is_wanted(self, session: Session) -> None:
        """Whole, cut off, marked, not at all, or as a handle; an empty one is null."""
        connection = self.table(session)
        run(session, connection, "INSERT INTO t (text, data, note) VALUES (:1, :2, :3)", "x" * 100, b"y" * 9, "z" * 50)
        run(session, connection, "INSERT INTO t (text) VALUES (EMPTY_CLOB())")
        sql = "SELECT text, data, note FROM t"
        assert executed(session, connection, sql, [], long=100)["rows"] == [
            ["x" * 100, b"y" * 9, "z" * 50], [None] * 3
        ]  # fmt: skip
        assert executed(session, connection, sql, [], long=5, cut=True)["rows"][0] == ["xxxxx", b"yyyyy", "zzzzz"]
        assert executed(session, connection, sql, [])["rows"][0][0] == {"__long__": 100}
        assert executed(session, connection, sql, [], long=0)["rows"][0] == [None] * 3

    def test_lobs_by_handle(self, session: Session) -> None:
        """Read and written in pieces, cut off, let go of; a statement's number is no LOB's."""
        connection = self.table(session)
        run(session, connection, "INSERT INTO t (text) VALUES (:1)", "one two")
        outcome = executed(session, connection, "SELECT text FROM t FOR UPDATE", [], handles=True)
        lob = outcome["rows"][0][0]["__lob__"]
        assert outcome["rows"][0][0]["binary"] is False
        assert call("lob_read", session, lob, 5, 3) == "two"
        assert call("lob_write", session, lob, "2", 5) == 1
        assert call("lob_write", session, lob, "!") == 1
        call("lob_trim", session, lob, 7)
        assert call("lob_info", session, lob) == {"size": 7, "chunk": 8060}
        assert call("lob_read", session, lob, 1, 100) == "one 2wo"
        assert database.release(session, [lob]) == 1
        with pytest.raises(BridgeError, match="released"):
            call("lob_read", session, lob, 1, 1)
        with pytest.raises(BridgeError, match="is no LOB"):
            call("lob_read", session, outcome["statement"], 1, 1)


class TestStatements:
    def test_selects_are_looked_at_when_they_are_prepared(self, session: Session) -> None:
        """Their columns are known then, and their faults found; others are not executed before they should be."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER(10, 2))")
        about = database.prepare(session, connection, "SELECT id FROM t WHERE id = ? OR id = :2")
        assert (about["columns"], about["types"], about["precisions"], about["scales"]) == (["ID"], [2], [10], [2])
        assert server().statements[-1] == "parse SELECT id FROM t WHERE id = :p1 OR id = :p2"
        with pytest.raises(BridgeError) as caught:
            database.prepare(session, connection, "SELECT * FROM nowhere")
        assert caught.value.message == (
            "ORA-00942: table or view does not exist "
            "(DBD ERROR: error possibly near <*> indicator at char 14 in 'SELECT * FROM <*>nowhere')"
        )
        database.set_(session, connection, {"check": False})
        count = len(server().statements)
        database.prepare(session, connection, "SELECT * FROM nowhere")
        database.prepare(session, connection, "DROP TABLE t")
        assert len(server().statements) == count

    def test_placeholders_of_all_kinds(self, session: Session) -> None:
        """Question marks, names, numbers; a name stands for one value; colons of triggers are none."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (a VARCHAR2(9), b VARCHAR2(9))")
        assert run(session, connection, "SELECT ?, :x, ':y', :x FROM dual", "a", "b")["rows"] == [("a", "b", ":y", "b")]
        assert run(session, connection, "SELECT :2, :1 FROM dual", "a", "b")["rows"] == [("b", "a")]
        trigger = "CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW BEGIN :new.a := :old.b; END;"
        assert database.prepare(session, connection, trigger)["parameters"] == []
        with pytest.raises(BridgeError, match="ORA-01008") as caught:
            run(session, connection, "SELECT ?, ? FROM dual", "a")
        assert caught.value.details["code"] == 1008

    def test_rows_come_in_batches(self, session: Session) -> None:
        """The first with the answer, others by fetch; converted alike."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER)")
        statement = database.prepare(session, connection, "INSERT INTO t VALUES (?)")["statement"]
        outcomes = database.execute_many(session, statement, [[f"0.{number}"] for number in range(1, 1201)])["outcomes"]
        assert outcomes == [{"count": 1}] * 1200
        assert server().statements[-1].startswith("many 1200 INSERT")
        outcome = executed(session, connection, "SELECT id FROM t", [], rows=50)
        found = list(outcome["rows"])
        assert (len(found), outcome["more"], outcome["count"]) == (50, True, 0)
        while outcome["more"]:
            outcome = {**outcome, **database.fetch(session, outcome["statement"], 500)}
            found += outcome["rows"]
        assert [row[0] for row in found] == [f".{number}" for number in range(1, 1201)]

    def test_of_many_those_that_fail_are_told_and_the_others_kept(self, session: Session) -> None:
        """With AutoCommit they are committed, which the server leaves undone after an error."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER PRIMARY KEY)")
        statement = database.prepare(session, connection, "INSERT INTO t VALUES (?)")["statement"]
        answer = database.execute_many(session, statement, [["1"], ["1"], ["2"]])
        assert [outcome.get("count") for outcome in answer["outcomes"]] == [1, None, 1]
        assert answer["outcomes"][1] == {
            "error": "ORA-00001: unique constraint (SCOTT.PK) violated (DBD ERROR: OCIStmtExecute)",
            "code": 1,
            "state": "S1000",
        }
        assert not answer["in_transaction"]
        assert run(session, connection, "SELECT count(*) FROM t")["rows"] == [(2,)]

    def test_values_of_several_kinds_go_one_after_the_other(self, session: Session) -> None:
        """The server wants one kind for all of a placeholder's."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id VARCHAR2(9))")
        statement = database.prepare(session, connection, "INSERT INTO t VALUES (?)")["statement"]
        answer = database.execute_many(session, statement, [["1"], [2], [None]])
        assert answer["outcomes"] == [{"count": 1}] * 3

    def test_transactions(self, session: Session) -> None:
        """Begun by the first change without autocommit; turning it on commits."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER)")
        database.set_(session, connection, {"autocommit": False})
        assert run(session, connection, "INSERT INTO t VALUES (1)")["in_transaction"]
        database.rollback(session, connection)
        run(session, connection, "INSERT INTO t VALUES (2)")
        assert not database.set_(session, connection, {"autocommit": True})["in_transaction"]
        assert run(session, connection, "SELECT count(*) AS n FROM t")["rows"] == [(1,)]

    def test_errors_have_oracle_s_number(self, session: Session) -> None:
        """And its words, without python-oracledb's advice and its own number for the same."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER PRIMARY KEY)")
        run(session, connection, "INSERT INTO t VALUES (1)")
        error = failure(session, connection, "INSERT INTO t VALUES (1)")
        assert (error.message, error.details["code"], error.details["state"], error.details["exception"]) == (
            "ORA-00001: unique constraint (SCOTT.PK) violated (DBD ERROR: OCIStmtExecute)", 1, "S1000",
            "IntegrityError",
        )  # fmt: skip
        error = failure(session, connection, "BEGIN raise_application_error(-20001, 'no such luck'); END;")
        assert error.details["code"] == 20001
        assert error.message == "ORA-20001: no such luck\nORA-06512: at line 1 (DBD ERROR: OCIStmtExecute)"

    def test_what_runs_too_long_is_ended(self, session: Session) -> None:
        """With the number of a statement that was cancelled."""
        database.configure({"statement_seconds": 0.5})
        error = failure(session, opened(session), "BEGIN dbms_session.sleep(30); END;")
        assert error.details["code"] == 1013

    def test_a_caller_that_goes_ends_what_runs(self, session: Session) -> None:
        """It is cancelled, rolled back and closed."""
        connection = opened(session)
        database.set_(session, connection, {"autocommit": False})
        run(session, connection, "CREATE TABLE t (id NUMBER)")
        run(session, connection, "INSERT INTO t VALUES (1)")
        errors: list[BridgeError] = []

        def work() -> None:
            errors.append(failure(session, connection, "BEGIN dbms_session.sleep(30); END;"))

        thread = threading.Thread(target=work)
        thread.start()
        while not any("sleep" in sql for sql in server().statements):
            thread.join(0.01)
        session.close()
        thread.join(10)
        assert errors[0].details["code"] == 1013
        assert server().ended[-2:] == ["rollback", "close"]

    def test_a_connection_that_is_gone(self, session: Session) -> None:
        """Is not alive, and says so with the number that programs look for."""
        connection = opened(session)
        assert database.alive(session, connection)
        server().close()
        assert not database.alive(session, connection)
        assert failure(session, connection, "SELECT 1 FROM dual").details["code"] == 3114


class TestOut:
    def test_values_come_back(self, session: Session) -> None:
        """Of OUT and of IN OUT parameters."""
        connection = opened(session)
        sql = "BEGIN :out := :in * 2; END;"
        assert executed(session, connection, sql, [None, "21"], binds={"0": {"out": True}})["out"] == [(0, "42", False)]
        sql = "BEGIN :both := :both || '!'; END;"
        found = executed(session, connection, sql, ["ho"], binds={"0": {"out": True, "size": 10}})
        assert found["out"] == [(0, "ho!", False)]
        with pytest.raises(BridgeError, match="ORA-06502"):
            executed(session, connection, sql, ["ho"], binds={"0": {"out": True, "size": 2}})

    def test_returning(self, session: Session) -> None:
        """One value for each changed row."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER, a VARCHAR2(9))")
        run(session, connection, "CREATE SEQUENCE s")
        sql = "INSERT INTO t VALUES (s.nextval, ?) RETURNING id INTO ?"
        for number in ("1", "2"):
            found = executed(session, connection, sql, ["x", "ignored"], binds={"1": {"out": True}})
            assert (found["out"], found["count"]) == ([(1, [number], True)], 1)
            assert found["rowid"] == f"AAAR000{number}"
        sql = "UPDATE t SET a = 'y' WHERE id > :least RETURNING id INTO :id"
        found = executed(session, connection, sql, ["0", None], binds={"1": {"out": True}})
        assert found["out"] == [(1, ["1", "2"], True)]

    def test_cursors(self, session: Session) -> None:
        """Come with their columns; their rows are fetched, and PL/SQL gets them back to close them."""
        connection = opened(session)
        run(session, connection, "CREATE TABLE t (id NUMBER, born DATE)")
        run(session, connection, "INSERT INTO t VALUES ('0.5', '2026-01-02 00:00:00')")
        sql = "BEGIN OPEN :cursor FOR SELECT id, born FROM t; END;"
        found = executed(session, connection, sql, [None], binds={"0": {"out": True, "type": 116}})
        about = found["out"][0][1]
        assert about["columns"] == ["ID", "BORN"]
        number = about["__statement__"]
        assert call("fetch_cursor", session, number, 10) == {"rows": [[".5", "02-JAN-26"]], "more": False}
        found = executed(session, connection, sql, [None], binds={"0": {"out": True, "type": 116}})
        number = found["out"][0][1]["__statement__"]
        bind = {"0": {"type": 116}}
        executed(session, connection, "BEGIN CLOSE :cursor; END;", [{"__statement__": number}], binds=bind)
        with pytest.raises(BridgeError, match="DPY-1006"):
            call("fetch_cursor", session, number, 10)
        other = opened(session)
        with pytest.raises(BridgeError, match="of this connection"):
            executed(session, other, "BEGIN CLOSE :cursor; END;", [{"__statement__": number}], binds=bind)

    def test_lobs_and_tables(self, session: Session) -> None:
        """A CLOB in and out; arrays of texts and numbers."""
        connection = opened(session)
        binds = {"0": {"type": 112, "out": True}, "1": {"type": 112}}
        found = executed(session, connection, "BEGIN :lob := :lob || :more; END;", ["a", "b"], binds=binds)
        assert found["out"] == [(0, "ab", False)]
        sql = "BEGIN :table(1) := :table.count; END;"
        binds = {"0": {"type": 201, "out": True, "size": 9, "elements": 5}}
        assert executed(session, connection, sql, [["x", "y"]], binds=binds)["out"] == [(0, ["2", "y", "x"], False)]
        binds["0"] |= {"size": 2, "elements": 2}
        found = executed(session, connection, sql, [["x", "yyy", "z"]], binds=binds)
        assert found["out"] == [(0, ["2", "yy", "x"], False)], "what does not fit does not go"
        binds = {"0": {"type": 202, "out": True}}
        assert executed(session, connection, sql, [["7", "2.5"]], binds=binds)["out"] == [(0, [2, "2.5", 7], False)]
        with pytest.raises(BridgeError, match="ORA-01722"):
            executed(session, connection, sql, [["x"]], binds=binds)

    def test_what_is_told_of_values_is_checked(self, session: Session) -> None:
        """A caller's mistake is not the database's."""
        for binds in ({"0": {"kind": 1}}, {"x": {}}, {"7": {}}):
            with pytest.raises(BridgeError) as caught:
                executed(session, opened(session), "BEGIN :out := :in * 2; END;", ["1", "2"], binds=binds)
            assert caught.value.error_type is ErrorType.BAD_PARAMS

    def test_lines_put_out(self, session: Session) -> None:
        """All, or some; empty ones, too."""
        connection = opened(session)
        run(session, connection, "BEGIN dbms_output.enable(1000); END;")
        for number in range(1, 1101):
            server().lines.append("" if number == 3 else f"line {number}")  # type: ignore[union-attr]
        assert call("dbms_output", session, connection, 2) == ["line 1", "line 2"]
        rest = call("dbms_output", session, connection)
        assert (len(rest), rest[0], rest[-1]) == (1098, "", "line 1100")
        assert call("dbms_output", session, connection) == []

    def test_a_procedure_with_faults_is_made_and_told_of(self, session: Session) -> None:
        """The server's warning comes with the answer."""
        outcome = run(session, opened(session), "CREATE PROCEDURE p AS BEGIN WRONG END;")
        assert outcome["warning"].startswith("ORA-24344: success with compilation error")

    def test_other_databases_have_none_of_this(self, session: Session) -> None:
        """And say so."""
        connection = database.connect(session, "sqlite", ":memory:")["connection"]
        with pytest.raises(BridgeError, match="none of Oracle's"):
            call("dbms_output", session, connection)
        with pytest.raises(BridgeError, match="none of Oracle's"):
            executed(session, connection, "SELECT 1", [])
