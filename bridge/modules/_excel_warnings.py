"""What XlsxWriter warns of, thread by thread."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import xlsxwriter.chart
import xlsxwriter.chart_bar
import xlsxwriter.chart_doughnut
import xlsxwriter.chart_pie
import xlsxwriter.chart_scatter
import xlsxwriter.format
import xlsxwriter.shape
import xlsxwriter.utility
import xlsxwriter.workbook
import xlsxwriter.worksheet

__all__ = ["warnings_of"]

_heard = threading.local()


def _hear(message: object, *_: object, **__: object) -> None:
    told: list[str] | None = getattr(_heard, "told", None)
    if told is not None and len(told) < 100:
        told.append(str(message))


@contextlib.contextmanager
def warnings_of() -> Iterator[list[str]]:
    """Gather what XlsxWriter warns of on this thread; gives the list.

    The standard library's way (``catch_warnings``) is of the whole process, and other threads write workbooks, too.
    """
    before = getattr(_heard, "told", None)
    told: list[str] = []
    _heard.told = told
    try:
        yield told
    finally:
        _heard.told = before


for _module in (
    xlsxwriter.chart,
    xlsxwriter.chart_bar,
    xlsxwriter.chart_doughnut,
    xlsxwriter.chart_pie,
    xlsxwriter.chart_scatter,
    xlsxwriter.format,
    xlsxwriter.shape,
    xlsxwriter.utility,
    xlsxwriter.workbook,
    xlsxwriter.worksheet,
):
    setattr(_module, "warn", _hear)  # noqa: B010 - the modules have no such attribute for a type checker
