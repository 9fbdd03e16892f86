"""A comparison for people: one HTML page with its figures, and the same tables as Markdown."""

from rung.analysis.comparison.report.circumstances import Circumstances, circumstances_of
from rung.analysis.comparison.report.html_page import html_report
from rung.analysis.comparison.report.markdown import markdown_report
from rung.analysis.comparison.report.verdict import verdict
from rung.analysis.comparison.report.writing import write_report

__all__ = ["Circumstances", "circumstances_of", "html_report", "markdown_report", "verdict", "write_report"]
