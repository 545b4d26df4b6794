"""The offline HTML report of runs, trajectories and structures."""

from mofglass.report.build import report_html, write_report
from mofglass.report.measure import Measured
from mofglass.report.sample import Sample, gather

__all__ = ["Measured", "Sample", "gather", "report_html", "write_report"]
