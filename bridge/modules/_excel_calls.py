"""What the stream of operations on a workbook can call: a closed list, in the words of the Perl side.

Nothing here opens a file by a name that a caller gave: pictures and VBA projects come as bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Protocol

from xlsxwriter import Workbook
from xlsxwriter.chart import Chart
from xlsxwriter.chart_doughnut import ChartDoughnut
from xlsxwriter.chart_pie import ChartPie
from xlsxwriter.chartsheet import Chartsheet
from xlsxwriter.color import Color
from xlsxwriter.format import Format
from xlsxwriter.image import Image
from xlsxwriter.worksheet import Worksheet

__all__ = ["CALLS", "Refused"]


class Refused(Exception):  # noqa: N818 - what the caller is told is no error of ours
    """An operation that is not carried out; the text says why."""


class _Book(Protocol):
    objects: dict[int, Any]
    workbook: Workbook

    def count_cells(self, number: int) -> None: ...


CALLS: dict[tuple[type, str], Callable[..., Any]] = {}
"""(class of the object, method) -> ``function(book, object, *arguments)``."""


def _call(kind: type, name: str | None = None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def put(function: Callable[..., Any]) -> Callable[..., Any]:
        CALLS[kind, name or function.__name__.lstrip("_")] = function
        return function

    return put


def _plain(kind: type, names: str) -> None:
    """List methods that take their arguments as they come."""
    for name in names.split():
        method = getattr(kind, name)

        def function(book: _Book, thing: Any, *values: Any, _method: Callable[..., Any] = method) -> Any:
            return _method(thing, *values)

        CALLS[kind, name] = function


# --- the workbook -------------------------------------------------------------------------------------------------

_plain(Workbook, "define_name set_size set_tab_ratio set_calc_mode set_vba_name read_only_recommended")


@_call(Workbook)
def _add_worksheet(book: _Book, workbook: Workbook, number: int, name: str) -> None:
    book.objects[number] = workbook.add_worksheet(name)


@_call(Workbook)
def _add_chartsheet(book: _Book, workbook: Workbook, number: int, name: str) -> None:
    book.objects[number] = workbook.add_chartsheet(name)


@_call(Workbook)
def _add_format(book: _Book, workbook: Workbook, number: int) -> None:
    book.objects[number] = workbook.add_format()


@_call(Workbook)
def _default_url_format(book: _Book, workbook: Workbook, number: int) -> None:
    book.objects[number] = workbook.get_default_url_format()


@_call(Workbook)
def _add_chart(book: _Book, workbook: Workbook, number: int, options: dict[str, Any]) -> None:
    chart = workbook.add_chart(options)
    if chart is None:
        raise Refused(f"there is no chart of type {options.get('type')!r}")
    book.objects[number] = chart


@_call(Workbook)
def _add_vba_project(book: _Book, workbook: Workbook, project: bytes) -> None:
    workbook.add_vba_project(BytesIO(project), True)


@_call(Workbook)
def _set_1904(book: _Book, workbook: Workbook, on: int) -> None:
    workbook.date_1904 = bool(on)


@_call(Workbook)
def _set_optimization(book: _Book, workbook: Workbook) -> None:
    if workbook.worksheets():
        raise Refused("it must come before the first worksheet")
    workbook.constant_memory = True


@_call(Workbook)
def _set_properties(book: _Book, workbook: Workbook, properties: dict[str, Any]) -> None:
    created = properties.pop("created", None)
    if created is not None:
        properties["created"] = datetime.fromtimestamp(created, UTC)
    workbook.set_properties(properties)


@_call(Workbook)
def _set_custom_property(book: _Book, workbook: Workbook, name: str, value: Any, kind: str) -> Any:
    if kind == "date":
        value = datetime.fromisoformat(value)
    elif kind == "bool":
        value = bool(value)
    return workbook.set_custom_property(name, value, kind)


@_call(Workbook, "attribute")
def _workbook_attribute(book: _Book, workbook: Workbook, name: str, value: Any) -> None:
    if name == "custom_colors":
        value = [Color(f"#{color[-6:]}") for color in value]
    _set_attribute(workbook, name, value, {"custom_colors"})


# --- formats ------------------------------------------------------------------------------------------------------

_PROPERTIES = {
    name.removeprefix("set_"): getattr(Format, name)
    for name in dir(Format)
    if name.startswith("set_") and not name.endswith(("xf_index", "font_index", "has_font", "has_fill"))
} | {"dxf_index": Format.set_dxf_index}

_NOT_COPIED = {"xf_format_indices", "dxf_format_indices", "xf_index", "dxf_index"}


@_call(Format)
def _set(book: _Book, form: Format, properties: list[tuple[str, Any]]) -> None:
    for name, value in properties:
        if name not in _PROPERTIES:
            raise Refused(f"there is no property {name} of formats")
        _PROPERTIES[name](form, value)


@_call(Format)
def _clear(book: _Book, form: Format) -> None:
    _copy(book, form, Format(book.workbook.default_format_properties))


@_call(Format)
def _copy(book: _Book, form: Format, other: Format) -> None:
    form.__dict__.update({name: value for name, value in vars(other).items() if name not in _NOT_COPIED})


# --- worksheets ---------------------------------------------------------------------------------------------------

_plain(
    Worksheet,
    """activate select hide very_hidden set_first_sheet set_selection set_top_left_cell freeze_panes split_panes
    set_portrait set_landscape set_page_view set_pagebreak_view set_tab_color set_paper center_horizontally
    center_vertically set_margins repeat_rows repeat_columns print_area autofilter filter_column filter_column_list
    hide_gridlines print_row_col_headers hide_row_col_headers fit_to_pages set_h_pagebreaks set_v_pagebreaks set_zoom
    set_print_scale print_black_and_white show_comments set_comments_author right_to_left hide_zero print_across
    set_start_page outline_settings set_default_row protect unprotect_range set_vba_name ignore_errors write_formula
    write_url write_rich_string write_comment insert_chart insert_button insert_textbox add_sparkline data_validation
    conditional_format autofit""",
)

_ATTRIBUTES = {
    "vertical_dpi",
    "horizontal_dpi",
    "original_row_height",
    "default_url_format",
    "margin_left",
    "margin_right",
    "margin_top",
    "margin_bottom",
}


@_call(Worksheet, "attribute")
def _worksheet_attribute(book: _Book, sheet: Worksheet, name: str, value: Any) -> None:
    _set_attribute(sheet, name, value, _ATTRIBUTES)


def _set_attribute(thing: object, name: str, value: Any, known: set[str]) -> None:
    if name not in known:
        raise Refused(f"there is no attribute {name}")
    setattr(thing, name, value)


def _outline(name: str) -> Callable[..., Any]:
    method = getattr(Worksheet, name)
    over = 3 if "column" in name else 2

    def function(book: _Book, sheet: Worksheet, *values: Any) -> Any:
        options = dict(zip(("hidden", "level", "collapsed"), values[over + 1 :], strict=False))
        return method(sheet, *values[: over + 1], {name: value for name, value in options.items() if value})

    return function


for _name in ("set_column", "set_column_pixels", "set_row", "set_row_pixels"):
    CALLS[Worksheet, _name] = _outline(_name)


def _over_range(name: str) -> Callable[..., Any]:
    """Make a method that fills a range count it first."""
    method = getattr(Worksheet, name)

    def function(  # noqa: PLR0917 - as the stream has them
        book: _Book, sheet: Worksheet, first_row: int, first_column: int, last_row: int, last_column: int, *values: Any
    ) -> Any:
        book.count_cells((abs(last_row - first_row) + 1) * (abs(last_column - first_column) + 1))
        return method(sheet, first_row, first_column, last_row, last_column, *values)

    return function


for _name in ("merge_range", "add_table", "write_array_formula", "write_dynamic_array_formula"):
    CALLS[Worksheet, _name] = _over_range(_name)


def _image(data: bytes, name: str) -> Image:
    image = Image(BytesIO(data))
    image.image_name = name
    return image


@_call(Worksheet)
def _insert_image(  # noqa: PLR0917 - as the stream has them
    book: _Book, sheet: Worksheet, row: int, column: int, data: bytes, name: str, options: dict[str, Any]
) -> Any:
    options.pop("image_data", None)
    return sheet.insert_image(row, column, _image(data, name), options)


@_call(Worksheet)
def _set_background(book: _Book, sheet: Worksheet, data: bytes, name: str) -> None:
    sheet.set_background(_image(data, name))


def _header(name: str) -> Callable[..., Any]:
    method = getattr(Worksheet, name)

    def function(
        book: _Book, sheet: Worksheet, text: str, options: dict[str, Any], images: dict[str, tuple[bytes, str]]
    ) -> Any:
        allowed = {key: value for key, value in options.items() if not key.startswith("image_")}
        pictures = {f"image_{place}": _image(*image) for place, image in images.items()}
        return method(sheet, text, allowed | pictures)

    return function


for _name in ("set_header", "set_footer"):
    CALLS[Worksheet, _name] = _header(_name)


# --- charts -------------------------------------------------------------------------------------------------------

_plain(Chartsheet, "set_chart")


@_call(Chartsheet)
def _protect(book: _Book, sheet: Chartsheet, password: str, options: dict[str, Any]) -> None:
    sheet.protect(password, options)
    if sheet.chart is not None:
        sheet.chart.protection = True


_plain(
    Chart,
    """add_series set_x_axis set_y_axis set_x2_axis set_y2_axis set_title set_legend set_plotarea set_chartarea
    set_style show_blanks_as show_na_as_empty_cell show_hidden_data set_size set_table set_up_down_bars set_drop_lines
    set_high_low_lines combine""",
)


@_call(Chart, "attribute")
def _chart_attribute(book: _Book, chart: Chart, name: str, value: Any) -> None:
    _set_attribute(chart, name, value, {"axis_ids", "axis2_ids", "cross_between"})


@_call(Chart, "set_rotation")
@_call(Chart, "set_hole_size")
def _set_of_some(book: _Book, chart: Chart, value: int) -> None:
    raise Refused("charts of this type do not have it")


for _pie in (ChartPie, ChartDoughnut):
    _plain(_pie, "set_rotation")
_plain(ChartDoughnut, "set_hole_size")
