"""How the cells of a workbook look, as plain data: fonts, fills, borders, alignment, colours."""

from __future__ import annotations

import colorsys
import re
from typing import Any

from openpyxl.styles.colors import COLOR_INDEX
from openpyxl.styles.stylesheet import Stylesheet
from openpyxl.xml.constants import ARC_STYLE
from openpyxl.xml.functions import fromstring

__all__ = ["Styles"]

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"

_THEME = [
    "FFFFFF",
    "000000",
    "EEECE1",
    "1F497D",
    "4F81BD",
    "C0504D",
    "9BBB59",
    "8064A2",
    "4BACC6",
    "F79646",
    "0000FF",
    "800080",
]
"""Excel's colours of a theme, in the order in which styles count them."""


class Styles:
    """The styles of a workbook.

    Args:
        reader: openpyxl's, which has read the workbook and its theme.
    """

    def __init__(self, reader: Any) -> None:
        self.theme = _theme(reader.wb.loaded_theme)
        self._sheet: Stylesheet | None = None
        if ARC_STYLE in reader.valid_files:
            self._sheet = Stylesheet.from_tree(fromstring(reader.archive.read(ARC_STYLE)))
        self._palette = list(COLOR_INDEX)
        if self._sheet is not None and self._sheet.colors is not None and self._sheet.colors.indexedColors:
            self._palette = self._sheet.colors.index

    def told(self) -> dict[str, Any]:
        """Return the parts of styles, and the styles made of them.

        Returns:
            ``fonts``, ``fills``, ``borders``, ``formats``, ``theme``; ``format_strings``, those that are not Excel's.
        """
        sheet = self._sheet
        if sheet is None:
            return {"fonts": [], "fills": [], "borders": [], "formats": [], "format_strings": {}, "theme": self.theme}
        return {
            "fonts": [self._font(font) for font in sheet.fonts],
            "fills": [self._fill(fill) for fill in sheet.fills],
            "borders": [self._border(border) for border in sheet.borders],
            "formats": [self._format(style) for style in sheet.cellXfs.xf],
            "format_strings": {
                part.numFmtId: part.formatCode for part in (sheet.numFmts.numFmt if sheet.numFmts else [])
            },
            "theme": self.theme,
        }

    def color(self, color: Any) -> str | None:
        """Return a colour as ``#RRGGBB``, or None for the default."""
        if color is None:
            return None
        if color.type == "rgb":
            return _tinted(str(color.rgb)[-6:], color.tint)
        if color.type == "theme" and color.theme < len(self.theme):
            return _tinted(self.theme[color.theme], color.tint)
        if color.type == "indexed" and color.indexed < len(self._palette):
            return _tinted(str(self._palette[color.indexed])[-6:], color.tint)
        return None

    def _fill(self, fill: Any) -> list[str | None]:
        """Return a fill's pattern, and its colours before and behind."""
        kind = getattr(fill, "patternType", None)
        if kind is None:
            return [None, None, None]
        behind = (
            "#FFFFFF" if fill.bgColor.type == "indexed" and fill.bgColor.indexed >= 64 else self.color(fill.bgColor)
        )
        said = [self.color(fill.fgColor), behind]
        for place, color in enumerate((fill.fgColor, fill.bgColor)):
            if color.type == "rgb" and color.rgb == "00000000":  # openpyxl's word for none
                said[place] = None
        return [kind, *said]

    def attributes_color(self, attributes: dict[str, str]) -> str | None:
        """Return a colour that an element's attributes describe."""
        tint = float(attributes.get("tint", 0))
        if "rgb" in attributes:
            return _tinted(attributes["rgb"][-6:], tint)
        if "theme" in attributes and int(attributes["theme"]) < len(self.theme):
            return _tinted(self.theme[int(attributes["theme"])], tint)
        if "indexed" in attributes and int(attributes["indexed"]) < len(self._palette):
            return _tinted(str(self._palette[int(attributes["indexed"])])[-6:], tint)
        return None

    def _font(self, font: Any) -> dict[str, Any]:
        return {
            "name": getattr(font, "name", None),
            "size": font.sz,
            "bold": bool(font.b),
            "italic": bool(font.i),
            "strike": bool(font.strike),
            "underline": font.u,
            "script": font.vertAlign,
            "color": self.color(font.color),
        }

    def inline(self, font: Any) -> dict[str, Any]:
        """Return the font of a part of a text."""
        return self._font(font) | {"name": font.rFont}

    def _border(self, border: Any) -> list[Any]:
        """Return the five lines of a border, ``[style, colour]`` each, and whether the last one goes down and up."""
        sides = [getattr(border, name, None) for name in ("left", "right", "top", "bottom", "diagonal")]
        lines = [[None, None] if side is None else [side.style, self.color(side.color)] for side in sides]
        return [*lines, bool(border.diagonalDown), bool(border.diagonalUp)]

    @staticmethod
    def _format(style: Any) -> list[Any]:
        """Return a format as a short list: a workbook may have tens of thousands."""
        align, guard = style.alignment, style.protection
        look = align and [
            align.horizontal,
            align.vertical,
            align.textRotation,
            bool(align.wrapText),
            bool(align.shrinkToFit),
            align.indent,
        ]
        applied = (
            style.applyAlignment,
            style.applyBorder,
            style.applyFill,
            style.applyFont,
            style.applyNumberFormat,
            style.applyProtection,
        )
        return [
            style.numFmtId,
            style.fontId,
            style.fillId,
            style.borderId,
            look,
            guard is None or bool(guard.locked),
            guard is not None and bool(guard.hidden),
            sum(bool(flag) << place for place, flag in enumerate(applied)),
        ]


def _theme(text: bytes | None) -> list[str]:
    if text is None:
        return list(_THEME)
    scheme = fromstring(text).find(f".//{_DRAWING}clrScheme")
    found: list[str] = []
    for name in [
        "lt1",
        "dk1",
        "lt2",
        "dk2",
        "accent1",
        "accent2",
        "accent3",
        "accent4",
        "accent5",
        "accent6",
        "hlink",
        "folHlink",
    ]:
        place = None if scheme is None else scheme.find(f"{_DRAWING}{name}")
        said = "" if place is None or not len(place) else place[0].get("lastClr") or place[0].get("val") or ""
        found.append(said.upper() if re.fullmatch("[0-9A-Fa-f]{6}", said) else _THEME[len(found)])
    return found


def _tinted(rgb: str, tint: float | None) -> str | None:
    """Make a colour lighter (``tint`` up to 1) or darker (down to -1)."""
    if not re.fullmatch("[0-9A-Fa-f]{6}", rgb):
        return None
    if not tint:
        return f"#{rgb.upper()}"
    red, green, blue = (int(rgb[at : at + 2], 16) / 255 for at in (0, 2, 4))
    hue, light, saturation = colorsys.rgb_to_hls(red, green, blue)
    light = light * (1 + tint) if tint < 0 else light * (1 - tint) + tint
    parts = colorsys.hls_to_rgb(hue, min(1.0, max(0.0, light)), saturation)
    return "#" + "".join(f"{int(part * 255 + 0.5):02X}" for part in parts)
