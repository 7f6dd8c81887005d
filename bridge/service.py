"""The one place that wires the daemon's objects together.

Making the service touches nothing live: it happens before twistd forks. Sockets, threads, timers and the sampler begin
in ``startService``.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, gatherResults, maybeDeferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import ILogObserver, Logger, globalLogPublisher

from bridge import __version__, activation, rlimits, sockets
from bridge.admin import Admin
from bridge.adminprotocol import AdminFactory
from bridge.adminview import AdminView, user_name
from bridge.admission import Admission
from bridge.api import Peer
from bridge.brief import brief
from bridge.changes import Instant, Who
from bridge.clock import MonotonicClock
from bridge.connections import BridgeFactory, ConnectionTable
from bridge.control import LimitControl
from bridge.daemonview import DaemonView
from bridge.dispatch import Dispatcher
from bridge.episodes import Episodes
from bridge.journal import Journal, JournalError
from bridge.logfile import LogFile, LogFileError
from bridge.metricsplace import MetricsPlace
from bridge.monitor import Monitor
from bridge.notify import NotifySocket, Supervision, take_watchdog
from bridge.port import BridgePort
from bridge.registry import Registry, RegistryError
from bridge.report import Report
from bridge.settings import Settings
from bridge.signals import Signals
from bridge.stats import Stats
from bridge.steering import Steering
from bridge.threads import CallThreads
from bridge.workers import WorkerPool

if TYPE_CHECKING:
    from bridge.adminwire import Change
    from bridge.errors import BridgeError
    from bridge.metricsweb import MetricsServer

__all__ = ["BridgeService"]

HEARTBEAT_SECONDS = 0.1

FLUSH_SECONDS = 2.0
"""Time that clients have to read their last answers once nothing runs any more."""


class BridgeService(Service):
    """The running daemon.

    Args:
        settings: validated settings.
        reload: reads all sources of settings again: (settings, warnings), or raises ``SettingsError``.
        config: the configuration file, for limits that are to be kept; it need not be there.
        log: where the log goes; opened when the service starts.
        reactor: the reactor that will run.
        foreground: whether errors at the start are for a person at a terminal.
    """

    log = Logger()
    name = "cpanbridge"

    def __init__(
        self,
        settings: Settings,
        *,
        reload: Callable[[], tuple[Settings, list[str]]],
        config: str,
        log: LogFile,
        reactor: Any,
        foreground: bool = True,
    ) -> None:
        self._log_file = log
        self._foreground = foreground
        self.observer: LogFile | None = None
        self._reactor = reactor
        self._ports: list[BridgePort] = []
        self._listening: dict[str, sockets.ListeningSocket] = {}
        self._hurry: Deferred[None] = Deferred()
        self._asked_to_stop = False
        self.clock = MonotonicClock(reactor)
        self.admission = Admission(settings.limits)
        self.view = DaemonView(self.clock)
        self.registry = Registry(self.view)
        self.stats = Stats(self.clock.seconds())
        self.threads = CallThreads(settings.limits.max_concurrent_requests)
        self.workers = WorkerPool(
            reactor=reactor,
            clock=self.clock,
            max_workers=settings.max_worker_processes,
            memory_mb=settings.worker_memory_mb,
            max_result_size=settings.max_result_size,
        )
        self.connections = ConnectionTable(
            settings=settings,
            admission=self.admission,
            clock=self.clock,
            peer_of=_peer_of,
            on_refused=self._connection_refused,
            on_fault=self._fault,
            files_limit=lambda transport: rlimits.limit_met_by(transport.fileno()),
            on_files_short=self._files_short,
        )
        self.monitor = Monitor(
            admission=self.admission,
            stats=self.stats,
            clock=self.clock,
            worker_pids=self.workers.pids,
            connections=lambda: self.connections.count,
            trim=self.workers.trim,
            lag=self.clock.take_lateness,
            on_memory_retained=self._restart_for_memory if settings.exit_on_retained_memory else None,
            on_pressure=self._start_waiting,
            on_sample=self._sampled,
            connections_refused=lambda: self.connections.refused - self.connections.refused_for_files,
        )
        self.dispatcher = Dispatcher(
            registry=self.registry,
            admission=self.admission,
            stats=self.stats,
            settings=settings,
            clock=self.clock,
            reactor=reactor,
            threads=self.threads,
            workers=self.workers,
        )
        self.steering = Steering(
            settings,
            reload=reload,
            config=config,
            admission=self.admission,
            connections=self.connections,
            dispatcher=self.dispatcher,
            registry=self.registry,
            workers=self.workers,
            log_file=log,
            clock=self.clock,
        )
        self.view.reports = Report(
            settings=lambda: self.settings,
            admission=self.admission,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            modules=self.registry.describe,
            now=self.clock.seconds,
            busy=self._busy,
        )
        self.journal = Journal(settings.journal_path)
        self._entries: list[Change] = []
        self.view_of_operators: AdminView | None = None
        self.supervision: Supervision | None = None
        self.admin: Admin | None = None  # made when the service starts: it begins where the journal ends
        self.signals = Signals(
            reactor,
            {
                signal.SIGTERM: self._on_terminate,
                signal.SIGINT: self._on_terminate,
                signal.SIGHUP: self._on_hangup,
                signal.SIGUSR1: log.reopen,
            },
        )
        # Timers that come late are how the reactor's lag shows; without this one there may be none for half a second.
        self._heartbeat = LoopingCall(self.dispatcher.settle)
        self._heartbeat.clock = self.clock
        self.metrics: MetricsServer | None = None
        self.factory = BridgeFactory(handler=self.dispatcher, table=self.connections)

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self.steering.settings

    # --- Service ---

    def setServiceParent(self, parent: Any) -> None:
        """Give our log to the application, before twistd looks there for one."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        if self.observer is not None and hasattr(parent, "setComponent"):
            parent.setComponent(ILogObserver, self.observer)

    def startService(self) -> None:
        """Open the log, load the modules, open the socket, start everything that is alive."""
        try:
            self._open()
        except (LogFileError, RegistryError, JournalError, sockets.SocketError) as error:
            for listening in self._listening.values():
                listening.close()
            self.journal.close()
            self.log.critical("Not started: {error}", error=str(error))
            if self._foreground:
                sys.exit(f"cpanbridge: {error}")  # a person reads this: no traceback
            raise
        super().startService()  # type: ignore[no-untyped-call]
        self.clock.start()
        self.admin = self.steering.admin = self._open_office()
        self.workers.start()
        self.connections.start()
        self.monitor.start()
        self._heartbeat.start(HEARTBEAT_SECONDS, now=False)
        self.supervision = Supervision(
            notify=NotifySocket(os.environ),
            watchdog=take_watchdog(os.environ, os.getpid()),
            clock=self.clock,
            sampled_at=lambda: self.monitor.sampled_at,
            status=self._status_line,
        )
        operators = AdminFactory(
            admin=self.admin, clock=self.clock, identify=self._identify, settle=self.dispatcher.settle
        )
        self._ports = [
            BridgePort(self._listening["bridge"], self.factory, self._reactor),
            BridgePort(self._listening["admin"], operators, self._reactor),
        ]
        for port in self._ports:
            port.startListening()
        self._reactor.callWhenRunning(self._running)
        # What lives now lives for good: the garbage collector need not look through it again and again under load.
        gc.collect()
        gc.freeze()
        self.log.info(
            "cpanbridge {version} listens on {socket} (pid {pid}, modules: {modules}; operators: {admin})",
            version=__version__,
            socket=self.settings.socket,
            admin=self.settings.admin_path,
            pid=os.getpid(),
            modules=", ".join(["test", "system", *self.settings.modules]),
        )

    def _open(self) -> None:
        settings = self.settings
        self._log_file.open()
        if self.observer is None:
            globalLogPublisher.addObserver(self._log_file)
        self.registry.load(settings.modules, settings.module_options)
        self.workers.configure(settings.modules, settings.module_options)
        warning = rlimits.raise_open_files(settings.limits.max_connections)
        if warning:
            self.log.warn("{warning}", warning=warning)
        self.steering.set_rights()
        handed = activation.take(os.environ, os.getpid())
        self._listening["bridge"] = activation.listening(
            handed, "bridge", settings.socket, lambda: sockets.listen(settings.socket, group=settings.socket_group)
        )
        self._listening["admin"] = activation.listening(
            handed,
            "admin",
            settings.admin_path,
            lambda: sockets.listen(settings.admin_path, everybody=self.steering.rights.others),
        )
        if settings.metrics is not None:
            self.metrics = self._make_metrics(settings.metrics)
            self.metrics.start()
        self._entries = self.journal.open()
        for warning in self.journal.warnings:
            self.log.warn("{warning}", warning=warning)

    def _running(self) -> None:
        """The reactor runs: connections are accepted from now on."""
        self.signals.take()
        if self.supervision is not None:
            self.supervision.ready()

    def _busy(self) -> dict[str, int]:
        return {
            "abandoned_requests": self.dispatcher.abandoned,
            "cancelled_requests": self.dispatcher.cancelled,
            "overdue_threads": self.dispatcher.overdue,
            "busy_workers": self.workers.busy,
            "idle_workers": self.workers.idle,
        }

    def _status_line(self) -> str:
        if self.steering.stopping:
            return f"stopping: {self.admission.in_flight} calls run, {self.admission.waiting} wait"
        if self.view_of_operators is None or self.admin is None:
            return "starting"
        snapshot = self.view_of_operators.snapshot()
        snapshot.unconfirmed = self.admin.control.unconfirmed
        return brief(snapshot)

    def _make_metrics(self, place: str) -> MetricsServer:
        try:
            from bridge.metrics import Metrics
        except ModuleNotFoundError as error:
            raise sockets.SocketError(
                f"metrics = {place!r} needs a library that is not installed ({error.name}): "
                'pip install "cpanbridge[metrics]", or take the setting away'
            ) from None
        from bridge.metricsweb import MetricsServer

        metrics = Metrics(
            admission=self.admission,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            now=self.clock.seconds,
            revision=lambda: 0 if self.admin is None else self.admin.control.revision,
            busy=self._busy,
        )
        return MetricsServer(MetricsPlace.parse(place), metrics.pieces, reactor=self._reactor, clock=self.clock)

    def _open_office(self) -> Admin:
        view = self.view_of_operators = AdminView(
            admission=self.admission,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            now=self._now,
            socket=self.settings.socket,
        )
        admin = Admin(
            daemon=self.steering,
            control=LimitControl(self.settings.limits, entries=self._entries),
            journal=self.journal,
            episodes=Episodes(),
            view=view,
            stats=self.stats,
            monitor=self.monitor,
            connections=self.connections,
            clock=self.clock,
            now=self._now,
        )
        admin.start()
        return admin

    def _now(self) -> Instant:
        return Instant(self.clock.seconds(), time.time())

    def _identify(self, transport: Any) -> tuple[Who, str | None]:
        peer = sockets.peer(transport.getHandle())
        return Who(uid=peer.uid, pid=peer.pid, user=user_name(peer.uid)), self.steering.rights.level(peer.uid)

    def stopService(self) -> Deferred[None]:
        """Take no new calls, let running ones finish for up to ``grace_period``, then close everything."""
        super().stopService()  # type: ignore[no-untyped-call]
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        if self.steering.stopping:
            return
        self.steering.stopping = True
        if self.supervision is not None:
            self.supervision.stopping()
        if self._ports:
            await maybeDeferred(self._ports[0].stopListening)  # operators may watch us go
        grace = self.settings.grace_period
        running, waiting = self.admission.in_flight, self.admission.waiting
        self.log.info(
            "Draining: {running} calls run, {waiting} wait; new ones are refused. Grace period {grace:g} s",
            running=running,
            waiting=waiting,
            grace=grace,
        )
        done = gatherResults([self.dispatcher.drain(), self.connections.end_streams()])
        if not await self._within(grace, done):
            self.log.warn(
                "{running} calls and {streams} streams did not finish in time; their callers lose the connection",
                running=self.admission.in_flight,
                streams=self.connections.streams,
            )
        self.connections.close_all_when_quiet()
        await self._within(FLUSH_SECONDS, self.connections.when_empty())
        self.connections.abort_all()
        for port in self._ports[1:]:
            await maybeDeferred(port.stopListening)
        if self.metrics is not None:
            await self.metrics.stop()
        if self.admin is not None:
            self.admin.stop()
        self.monitor.stop()
        self._heartbeat.stop()
        self.connections.stop()
        await self.workers.stop()
        if self.supervision is not None:
            self.supervision.close()
        self.clock.stop()
        self.signals.give_back()
        if not self.dispatcher.busy_threads:
            self.threads.stop()
        self.log.info("cpanbridge has stopped")

    async def _within(self, seconds: float, done: Deferred[Any]) -> bool:
        """Wait until ``done`` fires, ``seconds`` have passed, or a second signal hurries us; ``True`` if it fired."""
        late: Deferred[None] = deferLater(self.clock, seconds)
        _, index = await DeferredList([done, late, self._hurry], fireOnOneCallback=True)
        late.addErrback(lambda _: None)
        late.cancel()
        return bool(index == 0)

    # --- signals ---

    def _on_terminate(self) -> None:
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._reactor.stop()
        elif not self._hurry.called:
            self.log.warn("Asked to stop again: not waiting any longer")
            self._hurry.callback(None)

    def _on_hangup(self) -> None:
        """SIGHUP: open the log anew and put changed settings in force, all or none."""
        if self.supervision is not None:
            self.supervision.reloading()
        self._log_file.reopen()
        self.steering.reload()
        if self.supervision is not None:
            self.supervision.ready()

    # --- what the parts tell each other ---

    def _sampled(self) -> None:
        if self.admin is not None:
            self.admin.sampled()

    def _start_waiting(self) -> None:
        if self.admission.started:
            self.dispatcher.apply_limits()

    def _connection_refused(self, maximum: int) -> None:
        self.monitor.connection_refused(maximum)

    def _files_short(self, limit: int) -> None:
        self.monitor.files_short(limit)

    def _fault(self, error: BridgeError) -> None:
        self.stats.call_refused("", error, 0.0, self.clock.seconds())

    def _restart_for_memory(self) -> None:
        self.log.critical("Memory does not come back: draining and exiting so that the supervisor starts afresh")
        if not self._asked_to_stop:
            self._asked_to_stop = True
            self._reactor.stop()


def _peer_of(transport: Any) -> Peer:
    return sockets.peer(transport.getHandle())
