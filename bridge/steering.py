"""What can change while the daemon runs: settings read again, limits, who may operate, draining, the log's level.

Whatever is changed here is in force when the method returns, in every part of the daemon that goes by it, or not at
all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
from twisted.logger import Logger

from bridge import rlimits
from bridge.adminroles import Saved
from bridge.registry import RegistryError
from bridge.rights import Rights
from bridge.settings import Settings, SettingsError, changed_fixed, keep_fixed
from bridge.tomlsave import save_limits

if TYPE_CHECKING:
    from twisted.internet.interfaces import IReactorTime

    from bridge.admin import Admin
    from bridge.admission import Admission
    from bridge.connections import ConnectionTable
    from bridge.dispatch import Dispatcher
    from bridge.limits import Limits
    from bridge.logfile import LogFile
    from bridge.registry import Registry
    from bridge.workers import WorkerPool

__all__ = ["Steering"]


class Steering:
    """Puts changes in force; for operators it is the daemon (``bridge.adminroles.Daemon``).

    Args:
        settings: in force at the start.
        reload: reads all sources of settings again: (settings, warnings), or raises ``SettingsError``.
        config: the configuration file, for limits that are to be kept; it need not be there.

    Attributes:
        settings: in force. rights: who may operate, by them.
        admin: the operators' office, once there is one.
        stopping: whether the daemon is about to end and takes no new calls, whatever operators say.
    """

    log = Logger()

    def __init__(
        self,
        settings: Settings,
        *,
        reload: Callable[[], tuple[Settings, list[str]]],
        config: str,
        admission: Admission,
        connections: ConnectionTable,
        dispatcher: Dispatcher,
        registry: Registry,
        workers: WorkerPool,
        log_file: LogFile,
        clock: IReactorTime,
    ) -> None:
        self.settings = settings
        self.rights = Rights()
        self.admin: Admin | None = None
        self.stopping = False
        self._reload = reload
        self._config = config
        self._admission = admission
        self._connections = connections
        self._dispatcher = dispatcher
        self._registry = registry
        self._workers = workers
        self._log_file = log_file
        self._clock = clock

    # --- settings ---

    def reload(self) -> None:
        """Read the settings again and put those that can change in force, all or none; the log says what is wrong."""
        try:
            fresh, warnings = self._reload()
            for warning in warnings:
                self.log.warn("{warning}", warning=warning)
            self._apply(fresh)
        except (SettingsError, RegistryError) as error:
            for problem in error.problems:
                self.log.error("Not reloaded, the old settings stay in force: {problem}", problem=problem)
        except Exception:  # noqa: BLE001 - a reload must never end the daemon
            self.log.failure("Not reloaded, the old settings stay in force")

    def _apply(self, fresh: Settings) -> None:
        """Put fresh settings in force.

        Raises:
            RegistryError: a module cannot be loaded; nothing has changed.
        """
        old = self.settings
        fixed = changed_fixed(old, fresh)
        self._registry.reload(fresh.modules, fresh.module_options)
        self._workers.configure(fresh.modules, fresh.module_options)
        if fixed:
            self.log.warn(
                "These settings change only with a restart and keep their old values: {names}", names=", ".join(fixed)
            )
        self.settings = keep_fixed(old, fresh)
        self._connections.set_settings(self.settings)
        self._dispatcher.settings = self.settings
        if self.admin is not None:
            self.set_limits(self.admin.reloaded(fresh.limits), "by SIGHUP")
        was_open = self.rights.others
        self.set_rights()
        if self.admin is not None:
            self.admin.review(self.rights.level)
        if self.rights.others and not was_open:
            self.log.warn(
                "{socket} keeps its mode 0600 until the daemon is started again: the users that were added to "
                "admin_users and observers cannot connect yet",
                socket=self.settings.admin_path,
            )
        self._log_file.set_level(self.settings.log_level)
        self.log.info("Settings reloaded")

    def set_rights(self) -> None:
        """Find out whom ``admin_users`` and ``observers`` mean."""
        self.rights, warnings = Rights.of(self.settings.admin_users, self.settings.observers)
        for warning in warnings:
            self.log.warn("{warning}", warning=warning)

    # --- what operators do ---

    def set_limits(self, limits: Limits, by: str) -> list[str]:
        """Put other limits in force at once; return warnings."""
        old = self._admission.limits
        warnings: list[str] = []
        if limits.max_connections > old.max_connections:
            warning = rlimits.raise_open_files(limits.max_connections)
            if warning:
                self.log.warn("{warning}", warning=warning)
                warnings.append(warning)
        self._admission.set_limits(limits, self._clock.seconds())
        self._dispatcher.apply_limits()
        changes = [
            f"{name} {getattr(old, name):g} -> {value:g}"
            for name, value in limits.as_dict().items()
            if value != getattr(old, name)
        ]
        if changes:
            self.log.info("Limits changed: {changes} ({by})", changes=", ".join(changes), by=by)
        return warnings

    def save_limits(self, limits: Limits) -> Saved:
        """Write limits into the configuration file; see :func:`bridge.tomlsave.save_limits`."""
        changes = save_limits(self._config, limits.as_dict())
        try:
            fresh, _ = self._reload()
        except SettingsError as error:
            # Something else in the file or the environment is wrong. The limits are written none the less.
            return Saved(self._config, changes, self.settings.limits, [f"A restart will fail: {error}"])
        warnings = [
            f"{name} will be {value:g} after a restart, not {getattr(limits, name):g}: the environment or the command "
            "line says so"
            for name, value in fresh.limits.as_dict().items()
            if value != getattr(limits, name)
        ]
        return Saved(self._config, changes, fresh.limits, warnings)

    def set_draining(self, draining: bool) -> bool:
        """Refuse new calls, or take them again; ``False`` when the daemon is stopping anyway."""
        if self.stopping:
            return False
        self._admission.draining = draining
        return True

    @property
    def log_level(self) -> str:
        """The level from which lines are logged."""
        return self.settings.log_level

    def set_log_level(self, level: str) -> str:
        """Log from this level on, until the next change or SIGHUP; return the level before."""
        before = self.settings.log_level
        self.settings = attrs.evolve(self.settings, log_level=level)
        self._log_file.set_level(level)
        return before
