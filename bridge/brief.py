"""A daemon's state in one line: what ``cpanbridge status --brief`` prints and the service manager shows.

Pure. Foreign texts are made safe.
"""

from __future__ import annotations

from bridge.adminwire import RESOURCES, Snapshot
from bridge.figures import UNITS, resource, share
from bridge.text import printable

__all__ = ["brief", "resources"]


def resources(snapshot: Snapshot) -> list[str]:
    """Return the names of what has a level, in the usual order; those of a newer daemon at the end."""
    known = [name for name in RESOURCES if name in snapshot.resources]
    return known + [name for name in snapshot.resources if name not in known]


def brief(snapshot: Snapshot) -> str:
    """Return one line: the state, the figures that it comes from, and what waits for an operator."""
    troubled = [name for name in resources(snapshot) if snapshot.resources[name].level != "normal"]
    parts = []
    for name in troubled or resources(snapshot):
        figures = snapshot.resources[name]
        value, limit = resource(name, figures.value), resource(name, figures.limit)
        unit = UNITS.get(name, "")
        text = f"{printable(name)} {value}/{limit}" + (f" {unit}" if unit else "")
        parts.append(f"{text} ({share(figures.value, figures.limit)} %)" if troubled else text)
    refused = sum(snapshot.refused_minute.values())
    if refused:
        parts.append(f"{refused} refused in the last minute")
    if snapshot.unconfirmed is not None:
        parts.append(f"revision {snapshot.unconfirmed.revision} waits to be confirmed")
    return f"{printable(snapshot.state).upper()} - {', '.join(parts) or 'no figures yet'}"
