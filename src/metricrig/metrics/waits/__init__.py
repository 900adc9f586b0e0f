"""Waiting for conditions: fetching the pages, judging them, and the report of a wait that ran out."""
