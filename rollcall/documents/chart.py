"""Charts, as SVG that a page shows as a picture."""

from collections.abc import Sequence
from datetime import date, timedelta

import leather
from babel.dates import format_skeleton

from rollcall.language import Language

_WIDTH, _HEIGHT = 800, 260
_LABELS = 8
"""At most, below the columns."""
_BLUE, _INK, _LINE = "#0b5394", "#1c2733", "#c3ccd5"

# leather's theme is its module: https://leather.readthedocs.io/en/latest/examples/styling.html
leather.theme.background_color = "#ffffff"
leather.theme.margin = 0.02
leather.theme.axis_title_font_family = leather.theme.tick_font_family = "sans-serif"
leather.theme.tick_color, leather.theme.zero_color = _LINE, _INK
leather.theme.label_color = leather.theme.tick_font_color = _INK


def columns_by_day(spoken: Language, first: date, step: int, counts: Sequence[int]) -> str:
    """A column for each `step` days. Time runs as the language is read."""
    days = [first + timedelta(days=step * number) for number in range(len(counts))]
    every = -(-len(days) // _LABELS)
    labelled = {day.isoformat() for day in days[::every]}

    def label(value: str, _number: int, _count: int) -> str:
        return format_skeleton("MMMd", date.fromisoformat(value), locale=spoken.locale) if value in labelled else ""

    data = [(day.isoformat(), count) for day, count in zip(days, counts, strict=True)]
    chart = leather.Chart()
    chart.add_x_axis(tick_formatter=label)
    chart.add_y_axis(
        ticks=_ticks(max(counts, default=0)), tick_formatter=lambda value, _number, _count: spoken.number(value)
    )
    chart.add_y_scale(0, max(_ticks(max(counts, default=0))))
    chart.add_columns(data[::-1] if spoken.dir == "rtl" else data, fill_color=_BLUE)
    return str(chart.to_svg(width=_WIDTH, height=_HEIGHT))


def _ticks(most: int) -> list[int]:
    """From 0 to `most` or above, in steps of 1, 2 or 5 and noughts; five at most."""
    step, factors = 1, (2, 5, 10)
    power = 1
    while step * 4 < most:
        step = next(power * factor for factor in factors if power * factor > step)
        power = step if step == power * 10 else power
    return [step * number for number in range(5) if step * (number - 1) < most or number < 2]
