"""What authors of bridge modules import: the functions that Perl can call are listed with these classes.

Pure. A module is an object of class :class:`Module` that a package offers in the entry-point group
``cpanbridge.modules``; ``docs/writing-a-module.md`` shows a whole one.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Awaitable, Callable, Iterable
from itertools import count
from threading import Lock
from typing import Any, Protocol, TypeVar, overload

import attrs
import msgspec

from bridge.callback import Callback, CallbackError, number_of
from bridge.errors import BridgeError, ErrorType
from bridge.upgrade import Descriptor, Filter, FilterError, Flow, Step, Upgrade

__all__ = [
    "BridgeError",
    "Callback",
    "CallbackError",
    "Daemon",
    "Descriptor",
    "ErrorType",
    "Filter",
    "FilterError",
    "Flow",
    "FunctionSpec",
    "Module",
    "Peer",
    "Resolver",
    "Session",
    "Step",
    "Upgrade",
    "did_you_mean",
    "read_options",
]

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T")

Resolver = Callable[[str, str], "Callable[[object, Session], object] | None"]
"""Takes the name of a module that nobody registered and of a function; gives what runs the call, or ``None``."""


@attrs.frozen
class Peer:
    """The process at the other end of a connection, as the kernel saw it when it connected.

    Attributes:
        pid: process id.
        uid, gid: effective user and group.
        start_time: when the process started, in clock ticks since boot; tells a reused pid from the first one.
            0 where unknown.
    """

    pid: int
    uid: int
    gid: int
    start_time: int = 0


@attrs.frozen
class FunctionSpec:
    """One function of a module, as its author declared it.

    Attributes:
        name: what callers say, without the module.
        call: the function itself.
        isolated: runs in a worker process.
        inline: runs in the reactor and must return at once.
        raw: the first parameter takes the request's ``params`` whole.
        timeout: seconds the call may take, or ``None`` for the daemon's ``call_timeout``.
    """

    name: str
    call: Callable[..., Any]
    isolated: bool = False
    inline: bool = False
    raw: bool = False
    timeout: float | None = None

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function, which runs in the reactor and awaits."""
        return inspect.iscoroutinefunction(self.call)

    @property
    def doc(self) -> str:
        """The first paragraph of the docstring, in one line."""
        text = inspect.getdoc(self.call) or ""
        return " ".join(text.split("\n\n", 1)[0].split())


class Module:
    """Functions under one name.

    Args:
        name: what callers say; letters, digits and underscores. It must be the name of the entry point, too.
        doc: one line for whoever looks at the list of modules.

    Raises:
        ValueError: the name is not an identifier.
    """

    def __init__(self, name: str, doc: str = "") -> None:
        if not name.isidentifier():
            msg = f"a bridge module's name consists of letters, digits and underscores, unlike {name!r}"
            raise ValueError(msg)
        self.name = name
        self.doc = doc
        self.functions: dict[str, FunctionSpec] = {}
        self.configurer: Callable[[dict[str, object]], None] | None = None
        self.find_elsewhere: Resolver | None = None

    def __repr__(self) -> str:
        return f"<Module {self.name}: {', '.join(self.functions) or 'no functions'}>"

    @overload
    def function(self, fn: _F, /) -> _F: ...

    @overload
    def function(
        self,
        *,
        name: str | None = None,
        isolated: bool = False,
        inline: bool = False,
        raw: bool = False,
        timeout: float | None = None,
    ) -> Callable[[_F], _F]: ...

    def function(
        self,
        fn: Any = None,
        *,
        name: str | None = None,
        isolated: bool = False,
        inline: bool = False,
        raw: bool = False,
        timeout: float | None = None,
    ) -> Any:
        """Make a function callable: a decorator, bare or with options.

        An ``async def`` runs in the reactor and may await Deferreds. Everything else runs in a thread, unless it is

        * ``isolated``: it runs in a worker process, is killed at its timeout and may crash without harm. It cannot
          take a :class:`Session`, :class:`Daemon`, :class:`Descriptor` or :class:`Callback`, which live in the daemon.
        * ``inline``: it runs in the reactor, and the whole daemon waits for it. Only for what returns at once.

        Args:
            fn: the function, when the decorator is used bare.
            name: what callers say, if not the function's own name.
            isolated: see above.
            inline: see above.
            raw: the first parameter takes the request's ``params`` whole (``None`` when absent), unchecked.
            timeout: seconds the call may take; more than 0. The daemon's ``call_timeout`` is the upper bound.

        Returns:
            the function, unchanged.

        Raises:
            ValueError: the options contradict each other, or the module has such a function already.
            TypeError: the function is a generator function, whose result nobody could receive.
        """

        def register(function: _F) -> _F:
            self._register(
                FunctionSpec(
                    name=name or function.__name__,
                    call=function,
                    isolated=isolated,
                    inline=inline,
                    raw=raw,
                    timeout=timeout,
                )
            )
            return function

        return register if fn is None else register(fn)

    def _register(self, spec: FunctionSpec) -> None:
        where = f"{self.name}.{spec.name}"
        if spec.name in self.functions:
            raise ValueError(f"{where} is there already; give one of the two another name")
        if inspect.isgeneratorfunction(spec.call) or inspect.isasyncgenfunction(spec.call):
            raise TypeError(f"{where} is a generator function; return a list instead")
        if spec.isolated + spec.inline + spec.is_async > 1:
            raise ValueError(f"{where}: isolated, inline and async def exclude each other")
        if spec.timeout is not None and not spec.timeout > 0:
            raise ValueError(f"{where}: timeout must be more than 0 seconds, not {spec.timeout}")
        self.functions[spec.name] = spec

    def configure(self, fn: Callable[[dict[str, object]], None]) -> Callable[[dict[str, object]], None]:
        """Name the function that takes the module's options: a decorator.

        It is called with the table ``[modules.NAME]`` (empty when there is none) before the daemon serves, again when
        the settings are reloaded, and in every worker process. It raises ``ValueError`` with a sentence when it
        does not like them, before it changes anything: the old options then stay in force.
        """
        self.configurer = fn
        return fn

    def resolver(self, fn: Resolver) -> Resolver:
        """Name the function that is asked for modules that nobody registered: a decorator.

        ``fn(module_name, function_name)`` returns what runs the call in a thread, as ``run(params, session)``, or
        ``None`` when it does not know the module. It runs in the reactor, so it must be quick; it may raise
        :class:`BridgeError` to refuse.
        """
        self.find_elsewhere = fn
        return fn


class Session:
    """What belongs to one connection; gone when the connection ends. Nobody else can reach it.

    A function gets it by having a parameter annotated ``Session``. Calls of one connection are served one after the
    other, but one that has timed out may still run beside the next.

    Attributes:
        peer: the process at the other end.
        data: for whatever the functions keep from call to call; keys by convention start with the module's name.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.descriptor: Descriptor | None = None  # came with the request that is being bound; functions declare it
        self.data: dict[str, Any] = {}
        self._objects: dict[int, object] = {}
        self._ids: dict[int, int] = {}  # id(object) -> number; true as long as _objects keeps the object alive
        self._uses: dict[int, int] = {}
        self._numbers = count(1)
        self._at_close: list[Callable[[], object]] = []
        self._closed = False
        self._lock = Lock()

    def __len__(self) -> int:
        """Return how many objects are kept."""
        return len(self._objects)

    def put(self, obj: object) -> int:
        """Keep an object for the caller and return its number.

        An object that is kept already has the same number again; it goes when it was released as often as it was put.
        """
        with self._lock:
            number = self._ids.get(id(obj))
            if number is None:
                number = next(self._numbers)
                if self._closed:  # the connection ended while the call ran: nobody will ask for the object
                    return number
                self._objects[number] = obj
                self._ids[id(obj)] = number
                self._uses[number] = 0
            self._uses[number] += 1
            return number

    def get(self, number: int) -> object:
        """Return the object that has this number.

        Raises:
            BridgeError: ``BadParams``, when there is none.
        """
        try:
            return self._objects[number]
        except (KeyError, TypeError):
            message = (
                f"There is no object {number!r:.40} on this connection. It has been released, or belongs to another "
                "connection: objects live as long as the connection that made them."
            )
            raise BridgeError(ErrorType.BAD_PARAMS, message) from None

    def release(self, numbers: Iterable[int]) -> int:
        """Take back one :meth:`put` for each number; unknown ones are ignored. Returns how many were known."""
        known = 0
        dying: list[object] = []  # let go of outside the lock: an object's end may run any code
        with self._lock:
            for number in numbers:
                uses = self._uses.get(number)
                if uses is None:
                    continue
                known += 1
                if uses > 1:
                    self._uses[number] = uses - 1
                else:
                    del self._uses[number]
                    obj = self._objects.pop(number)
                    del self._ids[id(obj)]
                    dying.append(obj)
        return known

    def callback(self, value: object) -> Callback:
        """Return the sub that a parameter stands for, for functions whose parameters are not annotated so.

        Raises:
            BridgeError: ``BadParams``, where it stands for none.
        """
        return Callback(self, number_of(value))

    def on_close(self, fn: Callable[[], object]) -> None:
        """Have ``fn()`` called when the connection ends (at once if it has ended): close what must be closed.

        It runs in the reactor and must be quick.
        """
        if self._closed:
            fn()
        else:
            self._at_close.append(fn)

    def close(self) -> list[Exception]:
        """End the session: call what :meth:`on_close` was given, latest first, and drop all objects.

        Returns:
            what the callbacks raised, for the daemon to log. A second call does nothing.
        """
        self._closed = True
        failed: list[Exception] = []
        while self._at_close:
            try:
                self._at_close.pop()()
            except Exception as error:  # noqa: BLE001 - one callback must not keep the next from running
                failed.append(error)
        with self._lock:
            dying, self._objects = self._objects, {}
            self._ids.clear()
            self._uses.clear()
        dying.clear()
        self.data.clear()
        return failed


class Daemon(Protocol):
    """The daemon, for a parameter annotated ``Daemon``: figures to read, nothing to change."""

    version: str

    def uptime(self) -> float:
        """Return the seconds since the daemon started."""
        ...

    def sleep(self, seconds: float) -> Awaitable[None]:
        """Return something to await for ``seconds`` without holding a thread."""
        ...

    def report(self, name: str) -> dict[str, Any]:
        """Return one of the reports that module ``system`` publishes: ``"metrics"``, ``"health"``, ..."""
        ...


def read_options(options: dict[str, object], kind: type[_T]) -> _T:
    """Return a module's table of options as an object of a class that msgspec converts to, such as a ``Struct``.

    Raises:
        ValueError: with a sentence that names the option, as :meth:`Module.configure` wants it.
    """
    try:
        return msgspec.convert(options, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` with the known word that is nearest, or ``""`` when none is near."""
    # The cost grows with the word's length, and a caller chooses that.
    near = difflib.get_close_matches(word[:100], list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
