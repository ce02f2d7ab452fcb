"""Layers: plain functions over matrices, composed of operations."""
