"""Tests of the landing as a transaction."""
