"""Texts on the way: what is kept of them, and their next rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from xltransformer.graph import Array
from xltransformer.stepwise.plan import Kept, Stepwise


class Progress:
    """A text as far as it has come, or several of one length: what is kept of it."""

    def __init__(self, plan: Stepwise) -> None:
        self.plan, self.at = plan, 0
        self._registers: list[Any] = [None] * plan.registers
        self._stores: dict[int, Array] = {}
        for value, _, need, register in plan.known:
            if need == "whole":
                self._registers[register] = value
        self._parts = [known for known in plan.known if known.need != "whole"]

    def spread(self, count: int) -> None:
        """Go on with so many texts, which are alike so far."""
        self._stores = {k: np.repeat(store, count, axis=1) for k, store in self._stores.items()}

    def feed(self, rows: Array) -> Array:
        """The next rows of the wanted block for those of the given one: (s x r x 1) to (s x r x m), of s texts."""
        plan, registers, new = self.plan, self._registers, rows.shape[1]
        start, self.at = self.at, self.at + new
        for value, side, need, register in self._parts:
            part = slice(start if need == "new" else 0, self.at)
            if side == "columns":
                registers[register] = value[..., part]
            else:
                registers[register] = value[..., part, : self.at] if side == "both" else value[..., part, :]
        registers[plan.given] = rows[None]
        if plan.given_kept is not None:
            self._keep(plan.given_kept, rows[None], start)
        with np.errstate(all="ignore"):
            for calculate, reads, fills, cut, kept in plan.lines:
                made = calculate(*[registers[k] if pick is None else registers[k][pick] for k, pick in reads])
                if cut is not None:
                    made = made[..., -new:] if cut == "columns" else made[..., -new:, :]
                registers[fills] = made
                if kept is not None:
                    self._keep(kept, made, start)
        wanted: Array = registers[plan.wanted][plan.which]
        return wanted

    def _keep(self, kept: Kept, made: Array, start: int) -> None:
        """Keep new rows or columns, and let the register have all so far."""
        number, past, by_column, blocks, across = kept
        if number not in self._stores:
            shape = (across, self.plan.places) if by_column else (self.plan.places, across)
            self._stores[number] = np.empty((blocks, made.shape[1], *shape), made.dtype)
        whole = self._stores[number]
        if by_column:
            whole[..., start : self.at] = made
            self._registers[past] = whole[..., : self.at]
        else:
            whole[..., start : self.at, :] = made
            self._registers[past] = whole[..., : self.at, :]
