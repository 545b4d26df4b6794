"""Our numbers beside the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from numbers import Real
from typing import Any

from mofglass.literature.published import PublishedValue, Quantity, find, quantities


@dataclass(frozen=True)
class ComparisonRow:
    """One published number with ours beside it.

    Parameters
    ----------
    quantity, title, unit : str
        Key, title and unit of the quantity.
    system, material : str
        What is described, e.g. ``glass`` of ``ZIF-4``.
    ours, ours_error : float or None
        Our number and its standard error.
    published, published_error : float or None
        The published number and its uncertainty.
    method, source, where : str
        How it was obtained, the paper, and the table or section.
    url : str or None
        Address of the paper.
    note : str
        Conditions and remarks.
    measured : str
        Where our number stands in the summaries, e.g. ``density.mean_density_g_per_cm3``.
    published_glasses : int
        Over how many glasses the published error is the spread; 0 where it is not one.
    """

    quantity: str
    title: str
    unit: str
    system: str
    material: str
    ours: float
    ours_error: float | None
    published: float
    published_error: float | None
    method: str
    source: str
    where: str
    url: str | None
    note: str
    measured: str = ""
    published_glasses: int = 0

    @property
    def difference(self) -> float:
        """Ours minus the published number, in `unit`."""
        return self.ours - self.published

    @property
    def n_sigma(self) -> float | None:
        """The difference in combined uncertainties; None where none is known."""
        variance = (self.ours_error or 0.0) ** 2 + (self.published_error or 0.0) ** 2
        return abs(self.difference) / variance**0.5 if variance > 0 else None

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data.

        Returns
        -------
        dict
            JSON-serialisable, with the difference.
        """
        return asdict(self) | {"difference": self.difference, "n_sigma": self.n_sigma}


def compare(summary: Mapping[str, Any], system: str, *, material: str = "ZIF-4") -> tuple[ComparisonRow, ...]:
    """Put a summary beside what was published on the same quantities.

    Parameters
    ----------
    summary : mapping
        Either ``{analysis: Result.summary()}``, e.g. ``{"coordination": {"mean_coordination": 3.94,
        "mean_coordination_error": 0.02}}``, or quantities by their key, e.g. ``{"zn_n_coordination": 3.94}``.
        A key ``x`` has its standard error under ``x_error``.
    system : str
        What was analysed: ``crystal``, ``glass`` or ``liquid``.
    material : str
        Material the published numbers must be of.

    Returns
    -------
    tuple of ComparisonRow
        One a published number; none where we have not measured the quantity or nobody published it.

    Raises
    ------
    InputError
        For an unknown system.
    """
    find(system=system)
    rows = []
    for quantity in quantities().values():
        ours = _ours(quantity, summary) if quantity.compare else None
        if ours is None:
            continue
        for published in find(quantity.key, system=system, material=material):
            if published.compare:
                rows.append(_row(published, *ours))
    return tuple(rows)


def _row(published: PublishedValue, ours: float, ours_error: float | None, measured: str) -> ComparisonRow:
    return ComparisonRow(
        quantity=published.quantity.key,
        title=published.quantity.title,
        unit=published.unit,
        system=published.system,
        material=published.material,
        ours=ours,
        ours_error=ours_error,
        published=published.value,
        published_error=published.error,
        method=published.method,
        source=published.source.short,
        where=published.where,
        url=published.source.url,
        note="; ".join(filter(None, [published.conditions_text, published.note])),
        measured=measured,
        published_glasses=published.glasses,
    )


def _ours(quantity: Quantity, summary: Mapping[str, Any]) -> tuple[float, float | None, str] | None:
    """Our value and error of a quantity, in its unit, and where it stands; None where it was not measured."""
    for path, scale in [(quantity.key, 1.0), *((path, quantity.scale) for path in quantity.measured)]:
        *parents, last = path.split(".")
        level: Any = summary
        for key in parents:
            level = level.get(key) if isinstance(level, Mapping) else None
        value = _number(level, last)
        if value is None:
            continue
        error = _number(level, f"{last}_error")
        if error is None and len(parents) > 1:
            error = _nested_error(summary, parents, last)
        return value * scale, None if error is None else error * abs(scale), path
    return None


def _nested_error(summary: Mapping[str, Any], parents: list[str], last: str) -> float | None:
    """Error of ``fraction_by_number.3``, which stands under ``fraction_by_number_error.3``."""
    level: Any = summary
    for key in [*parents[:-1], f"{parents[-1]}_error"]:
        level = level.get(key) if isinstance(level, Mapping) else None
    return _number(level, last)


def _number(level: Any, key: str) -> float | None:
    value = level.get(key) if isinstance(level, Mapping) else None
    if isinstance(value, Real) and not isinstance(value, bool) and float(value) == float(value):
        return float(value)
    return None
