"""PyMySQL's connection with what it lacks: statements that the server prepares, and columns with their own look.

PyMySQL gives no other way than its inner methods: :class:`Raw` is the only place that uses them.
"""

from __future__ import annotations

import errno
import os
import select
import struct
from typing import Any

from pymysql.charset import charset_by_name
from pymysql.connections import Connection, MySQLResult
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.converters import escape_string
from pymysql.cursors import SSCursor
from pymysql.err import OperationalError
from pymysql.protocol import FieldDescriptorPacket

from bridge.modules._database_mysql_values import binary_readers, parameters, text_reader

__all__ = ["Cursor", "Prepared", "Raw"]

TOO_LONG = 2020
"""The client library's number of "packet bigger than max_allowed_packet"."""

FILE_BYTES = 1 << 16
"""How much of a file is sent at a time for LOAD DATA LOCAL."""

NO_CURSOR = 0
"""Says that all rows shall come with the answer."""


class _TextResult(MySQLResult):  # type: ignore[misc]
    """Rows as text."""

    def _get_descriptions(self) -> None:
        super()._get_descriptions()
        self.converters = [text_reader(field) for field in self.fields]

    def _read_load_local_packet(self, first_packet: Any) -> None:
        raw: Raw = self.connection
        self._read_ok_packet(raw.send_file(first_packet.get_all_data()[1:]))


class _BinaryResult(MySQLResult):  # type: ignore[misc]
    """Rows of a statement that the server has prepared."""

    def _get_descriptions(self) -> None:
        super()._get_descriptions()
        self._readers = binary_readers(self.fields)

    def _read_row_from_packet(self, packet: Any) -> tuple[Any, ...]:
        row = packet.get_all_data()
        nulls = row[1 : 1 + (len(self._readers) + 9) // 8]
        at = 1 + len(nulls)
        values: list[Any] = []
        for place, read in enumerate(self._readers, 2):  # the first two bits say nothing
            if nulls[place // 8] >> place % 8 & 1:
                values.append(None)
            else:
                value, at = read(row, at)
                values.append(value)
        return tuple(values)


class Prepared:
    """What the server has said of a statement that it has prepared.

    Attributes:
        number: by which the server knows it.
        count: how many parameters it has.
        fields: the columns of its rows.
    """

    def __init__(self, number: int, count: int, fields: list[Any]) -> None:
        self.number = number
        self.count = count
        self.fields = fields


class Raw(Connection):  # type: ignore[misc]
    """A connection of PyMySQL's."""

    _binary = False
    _asked = b""

    folder = ""
    """Where the names of files begin that LOAD DATA LOCAL names: the caller's folder."""

    last_id = 0
    """The number that a row got by itself, of those that were inserted here the last."""

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        data = sql.encode(self.encoding) if isinstance(sql, str) else sql
        if len(data) >= self.max_allowed_packet:
            raise OperationalError(TOO_LONG, "Got packet bigger than 'max_allowed_packet' bytes")
        self._asked = data
        if self._sock is not None and self._has_ended():
            self._force_close()
            raise OperationalError(CR.CR_SERVER_GONE_ERROR, "MySQL server has gone away")
        super()._execute_command(command, data)
        self._binary = command == COMMAND.COM_STMT_EXECUTE

    def _has_ended(self) -> bool:
        """Whether the server has closed the connection since its last answer: then it cannot have begun a command.

        TLS has messages of its own that can wait there.
        """
        result = self._result
        if self.secured() or (result is not None and (result.unbuffered_active or result.has_next)):
            return False
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        return bool(poll.poll(0))

    def _read_query_result(self, unbuffered: bool = False) -> int:
        self._result = None
        result = _BinaryResult(self) if self._binary else _TextResult(self)
        if unbuffered:
            result.init_unbuffered_query()
        else:
            result.read()
        self._result = result
        if result.server_status is not None:
            self.server_status = result.server_status
        if result.insert_id:
            self.last_id = result.insert_id
        return int(result.affected_rows)

    @property
    def descriptor(self) -> int:
        """The number of the socket."""
        return -1 if self._sock is None else int(self._sock.fileno())

    def introduce(self, attributes: dict[str, str]) -> None:
        """Tell the server these attributes of the program, from the next :meth:`connect` on."""
        self._connect_attrs.update(attributes)

    def do_without_tls(self) -> None:
        """Connect without TLS from now on."""
        self.ssl = False
        self.client_flag &= ~CLIENT.SSL

    def send_file(self, name: bytes) -> Any:
        """Send the file that the server asks for, and return its answer.

        Raises:
            OperationalError: the file cannot be read, or the statement does not name it: a server could have any.
        """
        spelt = os.fsdecode(name)
        path = os.path.join(self.folder, spelt)
        trouble = None
        try:
            if not os.path.isabs(path) or escape_string(spelt).encode() not in self._asked:
                raise PermissionError(errno.EACCES, "the statement does not name it")
            with open(path, "rb") as file:
                while data := file.read(FILE_BYTES):
                    self.write_packet(data)
        except OSError as error:
            text = f"File '{spelt}' not found (Errcode: {error.errno} {error.strerror})"
            trouble = OperationalError(error.errno, text)
        self.write_packet(b"")  # which ends the file; the server always answers
        answer = self._read_packet()
        if trouble is not None:
            raise trouble
        return answer

    def secured(self) -> bool:
        """Return whether TLS is used."""
        return hasattr(self._sock, "cipher")

    def cipher(self) -> str | None:
        """Return the name of TLS's cipher, if it is used."""
        return str(self._sock.cipher()[0]) if self.secured() else None

    def follow_charset(self) -> None:
        """Ask the server what it takes text for, and spell text so from now on."""
        self.query("SELECT @@character_set_client")
        result: Any = self._result
        found = result.rows[0][0]
        name = found.decode() if isinstance(found, bytes) else str(found)
        known = charset_by_name(name)
        if known is None or not known.encoding:
            raise OperationalError(CR.CR_CANT_READ_CHARSET, f"Can't initialize character set {name}")
        self.encoding = known.encoding

    def statistics(self) -> str:
        """Return the server's line about itself."""
        self._execute_command(COMMAND.COM_STATISTICS, "")
        return str(self._read_packet().get_all_data().decode(errors="replace"))

    def prepare(self, sql: str) -> Prepared:
        """Have the server prepare a statement."""
        self._execute_command(COMMAND.COM_STMT_PREPARE, sql)
        number, columns, count = struct.unpack_from("<IHH", self._read_packet().get_all_data(), 1)
        self._read_fields(count)
        return Prepared(number, count, self._read_fields(columns))

    def _read_fields(self, count: int) -> list[Any]:
        if not count:
            return []
        fields = [self._read_packet(FieldDescriptorPacket) for _ in range(count)]
        self._read_packet()  # which says that they end
        return fields

    def execute_prepared(self, number: int, values: list[Any]) -> None:
        """Execute such a statement; its rows are read as those of a query are."""
        head = struct.pack("<IBI", number, NO_CURSOR, 1)
        self._execute_command(COMMAND.COM_STMT_EXECUTE, head + parameters(values, self.encoding))
        self._affected_rows = self._read_query_result(unbuffered=True)

    def forget_prepared(self, number: int) -> None:
        """Have the server forget such a statement; it does not answer."""
        self._execute_command(COMMAND.COM_STMT_CLOSE, struct.pack("<I", number))


class Cursor(SSCursor):  # type: ignore[misc]
    """A cursor that tells what the server has said of a result."""

    connection: Raw

    def execute_prepared(self, number: int, values: list[Any]) -> None:
        """Execute a statement that the server has prepared."""
        self._clear_result()
        self.connection.execute_prepared(number, values)
        self._executed = number
        self._do_get_result()

    @property
    def fields(self) -> list[Any]:
        """The columns."""
        return list(self._result.fields)

    @property
    def warnings(self) -> int:
        """How many warnings there were."""
        return int(getattr(self._result, "warning_count", 0) or 0)

    @property
    def message(self) -> str:
        """What the server says of rows that were copied, changed or doubled."""
        said = getattr(self._result, "message", None) or b""
        # Its length comes before it.
        return bytes(said[1:]).decode(errors="replace")

    @property
    def insert_id(self) -> int:
        """The number that a row got by itself."""
        return int(getattr(self._result, "insert_id", 0) or 0)

    @property
    def has_next(self) -> bool:
        """Whether another result follows."""
        return bool(getattr(self._result, "has_next", False))

    def forget(self) -> None:
        """Read nothing more, the connection is closed: pymysql would try when cursor and result are collected."""
        self.connection = None  # type: ignore[assignment]
        if self._result is not None:
            self._result.unbuffered_active = False
