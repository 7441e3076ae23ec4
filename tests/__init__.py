"""Tests of Longshore; the folders mirror the packages they check."""
