"""Waits for conditions: pages are fetched and judged, and a wait that ran out reports what was seen."""
