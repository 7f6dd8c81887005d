"""Everything an operator can do in the console: one table that keys, command palette, footer and help are made from.

Pure. An action's ``id`` is what a configuration file remaps keys by, so it stays once it is published. There is no
ctrl+a, ctrl+b, ctrl+d or ctrl+k (screen, tmux and shells want them), and no destructive action on a control key.
"""

from __future__ import annotations

from typing import Final

import attrs

__all__ = ["ACTIONS", "Action", "by_id", "key_text"]


@attrs.frozen
class Action:
    """One thing to do.

    Attributes:
        id: its name for configuration files; the screen's method is ``do_`` and the id with "_" for ".".
        keys: Textual's names for its keys, comma-separated.
        title: what it does, for palette and help.
        label: the same in a word, for the footer; "" keeps it out of there.
        group: heading in the help.
        write: whether it changes the daemon: it needs write mode and an operator's rights.
        replay: whether it only makes sense for a recording.
        argument: passed to the method, "" for none.
    """

    id: str
    keys: str
    title: str
    group: str
    label: str = ""
    write: bool = False
    replay: bool = False
    argument: str = ""

    @property
    def method(self) -> str:
        """Name of the screen's method."""
        return "do_" + (self.id.rpartition(".")[0] if self.argument else self.id).replace(".", "_")


VIEWS: Final = ("overview", "connections", "functions", "events", "limits", "journal")

ACTIONS: Final = (
    Action("quit", "q,ctrl+q", "Quit", "Console", "Quit"),
    Action("help", "question_mark,f1", "Help for the panel in use, with legend", "Console", "?"),
    Action("palette", "ctrl+p", "Command palette: every action by name", "Console", "Cmd"),
    Action("command", "colon", "Type a command, e.g. limit rate 400", "Console"),
    Action("pause", "space", "Pause or resume the display; the stream goes on", "Console", "Pause"),
    Action("faster", "plus,equals_sign", "Refresh more often (up to 10 times a second)", "Console", "Rate"),
    Action("slower", "minus", "Refresh less often (down to once in 2 seconds)", "Console"),
    Action("theme", "t", "Next theme", "Console"),
    Action("mouse", "M", "Mouse on or off, so that the terminal can select text", "Console"),
    Action("redraw", "ctrl+l", "Draw the whole screen anew", "Console"),
    Action("suspend", "ctrl+z", "Suspend the console (fg brings it back)", "Console"),
    *(
        Action(f"view.{name}", str(number), f"View {number}: {name}", "Views", argument=name)
        for number, name in enumerate(VIEWS, 1)
    ),
    Action("focus.next", "tab", "Next panel", "Views"),
    Action("focus.previous", "shift+tab", "Panel before", "Views"),
    Action("maximise", "m", "Maximise the panel, or put it back", "Views", "Max"),
    Action("details", "enter", "Details of the selected row or limit", "Views"),
    Action("filter", "slash", "Filter rows: uid=1001 state:queued !idle perl", "Rows", "Filter"),
    Action("clear", "escape", "Clear the filter; leave the maximised panel", "Rows"),
    Action("sort.next", "s,greater_than_sign", "Sort by the next column", "Rows", "Sort"),
    Action("sort.previous", "less_than_sign", "Sort by the column before", "Rows"),
    Action("sort.reverse", "I", "Sort the other way round", "Rows"),
    Action("follow", "f", "Scroll with the selected row, or stay where you are", "Rows"),
    Action("copy.row", "y", "Copy the row (to the terminal's clipboard, OSC 52)", "Rows", "Copy"),
    Action("copy.view", "Y", "Copy the whole table", "Rows"),
    Action("export", "E", "Write the table to a file, as CSV and JSON", "Rows"),
    Action("picture", "P", "Write a picture of the screen, as SVG and text", "Rows"),
    Action("arm", "W", "Write mode for 5 minutes, or back to read-only", "Daemon", "Write"),
    Action("limit.edit", "e", "Change limits, with a preview", "Daemon", "Edit", write=True),
    Action("limit.undo", "u", "Undo the last change of limits", "Daemon", "Undo", write=True),
    Action("limit.confirm", "c", "Keep the change that waits to be confirmed", "Daemon", write=True),
    Action("limit.save", "w", "Write the limits in force into the configuration file", "Daemon", write=True),
    Action("connection.close", "x", "Close the selected connection", "Daemon", write=True),
    Action("drain", "D", "Drain: refuse new calls; again: take them", "Daemon", write=True),
    Action("event.next", "n", "Next open event", "Events", "Event"),
    Action("event.previous", "N", "Open event before", "Events"),
    Action("event.acknowledge", "a", "Acknowledge the event", "Events", write=True),
    Action("note", "A", "Add a note for the other operators", "Events", write=True),
    Action("record", "R", "Record what is seen to a file, or stop", "Recording", "Rec"),
    Action("replay.back", "left_square_bracket", "One step back", "Recording", replay=True),
    Action("replay.forward", "right_square_bracket", "One step forward", "Recording", replay=True),
    Action("replay.earlier", "left", "10 seconds back", "Recording", replay=True),
    Action("replay.later", "right", "10 seconds forward", "Recording", replay=True),
    Action("replay.seek", "S", "Go to a time of day", "Recording", replay=True),
    Action("replay.speed", "asterisk", "Speed: 1, 4, 16 times", "Recording", replay=True),
)

_NAMES: Final = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "equals_sign": "=",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "asterisk": "*",
    "escape": "Esc",
    "enter": "Enter",
    "space": "Space",
    "tab": "Tab",
    "shift+tab": "S-Tab",
    "left": "Left",
    "right": "Right",
}


def key_text(keys: str) -> str:
    """Return keys as people write them: ``ctrl+p`` is ``^p``, ``question_mark`` is ``?``."""
    shown = []
    for key in keys.split(","):
        name = _NAMES.get(key, key)
        shown.append("^" + name.removeprefix("ctrl+") if name.startswith("ctrl+") else name)
    return " ".join(shown)


def by_id(name: str) -> Action:
    """Return the action called ``name``; raises ``KeyError``."""
    return _BY_ID[name]


_BY_ID: Final = {action.id: action for action in ACTIONS}
