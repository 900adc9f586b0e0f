"""A table for people where it fits the terminal, else a block of lines for each row. Nothing is cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


class Rows:
    """Cells are rich's markup; ``title`` is the column whose cell heads a row's block."""

    def __init__(self, *columns: str, title: str) -> None:
        self.columns = columns
        self.title = columns.index(title)
        self.rows: list[tuple[str, ...]] = []

    def add(self, *cells: str) -> None:
        """One more row."""
        self.rows.append(cells)

    def show(self, screen: Console) -> None:
        """Print them."""
        from metricrig.cli.output import table

        made = table(*self.columns)
        for row in self.rows:
            made.add_row(*row)
        # Not the width that the table would take, which is never more than there is.
        wide = screen.options.update(width=1_000_000, max_width=1_000_000)
        if screen.measure(made, options=wide).maximum <= screen.width:
            screen.print(made)
            return
        for row in self.rows:
            self._show_block(screen, row)

    def _show_block(self, screen: Console, row: tuple[str, ...]) -> None:
        """Its title, and its other cells below; a line is never broken within one of them."""
        from rich.text import Text

        screen.print(f"[bold]{row[self.title]}[/]", soft_wrap=True)
        line = Text()
        for number, (column, cell) in enumerate(zip(self.columns, row, strict=True)):
            if number == self.title or not cell:
                continue
            for part in cell.split("\n"):
                told = Text.from_markup(f"  [dim]{column}[/] {part}")
                if line and line.cell_len + told.cell_len > screen.width:
                    screen.print(line, soft_wrap=True)
                    line = Text()
                line.append_text(told)
        if line:
            screen.print(line, soft_wrap=True)
