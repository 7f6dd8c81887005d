"""Commands that use the bridge socket as Perl programs do: call, modules. Standard library only: they start at once."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bridge.client import Client
from bridge.commands import OK, REFUSED, CommandError

__all__ = ["call", "modules", "visible"]


def call(arguments: argparse.Namespace) -> int:
    """Call a function and print its result as JSON. With --json, print the whole answer."""
    params: Any = None
    if arguments.params is not None:
        text = sys.stdin.read() if arguments.params == "-" else arguments.params
        try:
            params = json.loads(text)
        except ValueError as error:
            raise CommandError(f"the parameters are not valid JSON: {error}") from None
    with Client(arguments.socket, arguments.timeout) as client:
        answer = client.call(arguments.module, arguments.function, params, absent=arguments.params is None)
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False))
    elif answer["success"]:
        print(json.dumps(answer["result"], ensure_ascii=False, indent=2 if sys.stdout.isatty() else None))
    else:
        _complain(answer)
    return OK if answer["success"] else REFUSED


def modules(arguments: argparse.Namespace) -> int:
    """List the modules that Perl can call, with their functions."""
    with Client(arguments.socket, arguments.timeout) as client:
        answer = client.call("system", "modules")
    if not answer["success"]:
        _complain(answer)
        return REFUSED
    found = answer["result"]["modules"]
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False))
        return OK
    for module in found:
        print(visible(f"{module['name']}: {module['doc']}"))
        for function in module["functions"]:
            kind = "" if function["kind"] in ("thread", "inline") else f"  [{function['kind']}]"
            print(visible(f"  {function['name']}{function['signature']}{kind}"))
            if function["doc"]:
                print(visible(f"      {function['doc']}"))
    return OK


def visible(text: str) -> str:
    """Keep foreign text from talking to the terminal, without shortening it."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _complain(answer: dict[str, Any]) -> None:
    print(visible(f"cpanbridge: {answer['error_type']}: {answer['error']}"), file=sys.stderr)
