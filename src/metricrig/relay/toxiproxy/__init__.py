"""Toxiproxy's HTTP API, spoken by the relay: suites in any language use a rig's links by the client that they have."""
