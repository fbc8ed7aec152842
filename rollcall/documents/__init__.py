"""Files that people get: the roster as CSV and XLSX, the calendar entry."""
