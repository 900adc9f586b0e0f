"""Fetching metrics pages from a URL, and what has changed on them."""
