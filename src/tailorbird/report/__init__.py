"""Results side by side: tables for terminals and pages, and one HTML file that opens offline. Only reads."""
