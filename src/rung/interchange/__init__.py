"""Studies as tables that other programs read, and results of other programs as studies."""
