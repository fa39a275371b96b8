"""Reads HTML that strangers wrote. Runs in the extraction child alone, never in the service."""
