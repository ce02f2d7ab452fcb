"""Every operation: NumPy against values worked by hand, its cells against NumPy in both engines."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import isabstract
from math import exp, log, pi, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cells import Precedents, precedents

from xltransformer import ops
from xltransformer.engines import ENGINES, Results, fold
from xltransformer.graph import Axis, Matrix
from xltransformer.locale import load_messages
from xltransformer.ops import HIDDEN, Op
from xltransformer.workbook.book import Book, Page
from xltransformer.workbook.drawing import draw
from xltransformer.workbook.notation import Notation
from xltransformer.workbook.places import Known
from xltransformer.workbook.writer import render

WORDS = [["Cat"], ["?"], ["*"], ["dog"], [""], ["=1+1"], ["x" * 500], ["two"]]
LIST = [["cat"], ["mouse"], ["?"], ["=1+1"], ["x" * 500], ["*"], ["two"], ["TWO"], [""]]
INF = HIDDEN


@dataclass
class Case:
    """An operation, its operands, the result worked by hand, and how near (relatively) cells come."""

    op: Op
    operands: list[Any]
    expected: Any
    cells: float = 1e-13


CASES = [
    Case(ops.first_rows, [[[1, 2], [3, 4], [5, 6]], [[0], [0]]], [[1, 2], [3, 4]]),
    Case(ops.copy, [[[1, -2], [3, 4.5]]], [[1, -2], [3, 4.5]]),
    Case(ops.transpose, [[[1, 2, 3], [4, 5, 6]]], [[1, 4], [2, 5], [3, 6]]),
    # (1 2 / 3 4)(5 6 / 7 8) = (19 22 / 43 50)
    Case(ops.matmul, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[19, 22], [43, 50]]),
    Case(ops.matmul, [[[2]], [[-3]]], [[-6]]),
    # wider than what is spelled out: 1 + 2 + … + 17 = 153, and their squares 1785
    Case(
        ops.matmul,
        [[list(range(1, 18))], [[1, k] for k in range(1, 18)]],
        [[153, 1785]],
    ),
    # (1 2)(1 0 / 2 -1) + (10 20) = (5 -2) + (10 20)
    Case(ops.affine, [[[1, 2]], [[1, 0], [2, -1]], [[10, 20]]], [[15, 18]]),
    Case(ops.affine, [[list(range(1, 18))], [[k] for k in range(1, 18)], [[0.5]]], [[1785.5]]),
    # rows times rows: (1 2)·(5 6) = 17, (1 2)·(7 8) = 23, (3 4)·(5 6) = 39, (3 4)·(7 8) = 53
    Case(ops.row_products, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[17, 23], [39, 53]]),
    Case(ops.row_products, [[[1, 2]], [[5, 6], [7, 8], [0, 1]], [[1, 2, 3]]], [[18, 25, 5]]),
    Case(ops.row_products, [[list(range(1, 18))], [[1] * 17, list(range(1, 18))]], [[153, 1785]]),
    Case(ops.root_width, [[[7, 7, 7], [7, 7, 7]]], [[sqrt(3)]]),
    Case(ops.root_width, [[[7, 7, 7], [7, 7, 7]], [[1]]], [[sqrt(3)]]),
    Case(ops.root_width, [[[7, 7, 7]], [[0]]], [[1]]),
    Case(ops.concatenate, [[[1], [2]], [[3, 4], [5, 6]], [[7], [8]]], [[1, 3, 4, 7], [2, 5, 6, 8]]),
    Case(ops.divide, [[[1, 2], [3, -4]], [[2]]], [[0.5, 1], [1.5, -2]]),
    Case(ops.times, [[[1, 2], [3, -4]], [[2]]], [[2, 4], [6, -8]]),
    Case(ops.present, [[[0], [3], [1]]], [[0], [1], [1]]),
    Case(ops.attention_mask, [[[1], [1], [0]], [[1], [1], [0]]], [[1, 1, 0], [1, 1, 0], [0, 0, 0]]),
    Case(ops.attention_mask, [[[1], [1], [1]], [[1], [0], [1]], [[1]]], [[1, 0, 0], [1, 0, 0], [1, 0, 1]]),
    Case(ops.attention_mask, [[[1], [1]], [[1], [1]], [[0]]], [[1, 1], [1, 1]]),
    Case(ops.mask_scores, [[[1, -2], [3, 4]], [[1, 0], [1, 1]]], [[1, INF], [3, 4]]),
    Case(ops.mask_unnamed, [[[1, -2], [3, 4]], [["a"], [""]]], [[1, INF], [3, INF]]),
    Case(ops.may_stand, [[["a"], ["b"], [""]], [[2]]], [[1, 0, 1]]),
    Case(ops.may_stand, [[["a"], ["b"]], [[0]]], [[1, 1]]),
    Case(ops.mask_columns, [[[1, -2], [3, 4]], [[1, 0]]], [[1, INF], [3, INF]]),
    Case(ops.where_open, [[[1, -2], [3, 4]], [[1, 0]]], [[1, 0], [3, 0]]),
    Case(ops.Places(3), [[["a"], ["b"], ["c"], ["d"]]], [[1, 2, 3]]),
    Case(ops.Places(3), [[[7], [7]]], [[1, 2]]),
    Case(ops.row_max, [[[1, 5, 2], [-3, INF, -4]]], [[5], [-3]]),
    # a key that lies ahead is a constant, whatever stands there
    Case(ops.causal_scores, [[[1, 2], [3, 4]], [[5, 7], [6, 8]]], [[17, INF], [39, 53]]),
    Case(
        ops.causal_scores,
        [[list(range(1, 18))] * 17, [[1] * 17] * 17],
        [[153 if j <= i else INF for j in range(17)] for i in range(17)],
    ),
    Case(ops.causal_divide, [[[6, INF], [3, -4]], [[2]]], [[3, INF], [1.5, -2]]),
    Case(
        ops.causal_mask,
        [[[1], [0], [1]], [[1], [0], [1]]],
        [[1, 0, 0], [0, 0, 0], [1, 0, 1]],
    ),
    # a window of two: the word itself and the one before it
    Case(
        ops.causal_mask,
        [[[1], [1], [1], [0]], [[1], [1], [1], [0]], [[2]]],
        [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 0]],
    ),
    Case(ops.causal_mix, [[[1, 9], [0.25, 0.75]], [[4, 0], [8, -4]]], [[4, 0], [7, -3]]),
    # row i sums the first i + 1 of 1, 2, …, 18, each weighing 1
    Case(
        ops.causal_mix,
        [[[1] * 18] * 18, [[k] for k in range(1, 19)]],
        [[n * (n + 1) / 2] for n in range(1, 19)],
    ),
    Case(
        ops.masked_exp,
        [[[1, 3], [2, INF], [INF, INF]], [[3], [2], [INF]], [[1, 1], [1, 0], [0, 0]], [[2]]],
        [[exp(-1), 1], [1, 0], [0, 0]],
    ),
    Case(ops.masked_exp, [[[1, 3], [2, INF]], [[3], [2]], [[1, 1], [1, 0]]], [[exp(-2), 1], [1, 0]]),
    Case(ops.shifted_exp, [[[1, 3], [2, INF]], [[3], [2]]], [[exp(-2), 1], [1, 0]]),
    Case(ops.shifted_exp, [[[1, 3]], [[3]], [[2]]], [[exp(-1), 1]]),
    Case(ops.row_argmax, [[[1, 5, 5], [-3, INF, -4], [7, 7, 7]]], [[2], [1], [1]]),
    Case(ops.row_rank, [[[1, 5, 5, -2], [4, 3, 2, 9]]], [[3, 1, 2, 4], [2, 3, 4, 1]]),
    Case(
        ops.share_rank,
        [[[1e-17, 3e-20, 0, 3e-20, 0.9], [0.2, 0.2, 0.6, 0, 0]]],
        [[2, 3, 5, 4, 1], [2, 3, 1, 4, 5]],
    ),
    Case(ops.column_of, [[[3, 1, 2, 4], [2, 3, 4, 1]], [[1, 2, 9]]], [[2, 3, 0], [4, 1, 0]]),
    Case(ops.entry_at, [[[0.5, 0.25, 0.25], [0.1, 0.2, 0.7]], [[2, 1], [3, 0]]], [[0.25, 0.5], [0.7, 0]]),
    # of three words, one of which is not there: the second largest share
    Case(ops.least_share, [[[0.5, 0, 0.3]], [[2]]], [[0.3]]),
    Case(ops.least_share, [[[0, 0]], [[0]]], [[0]]),
    Case(ops.share_case, [[[0.5, 0.3, 0.2]], [[0.2]], [[3]]], [[0]]),
    Case(ops.share_case, [[[0.996, 0.004]], [[0]], [[3]]], [[1]]),
    Case(ops.share_case, [[[0.344, 0.333, 0.326]], [[0.326]], [[3]]], [[2]]),
    Case(ops.share_case, [[[0.304, 0.302, 0.301]], [[0.1]], [[4]]], [[3]]),
    Case(ops.share_case, [[[0.304, 0.302, 0.251]], [[0.1]], [[4]]], [[4]]),
    Case(ops.share_case, [[[0.504, 0.202, 0.201]], [[0.1]], [[4]]], [[5]]),
    Case(ops.share_case, [[[0, 0, 0]], [[0]], [[3]]], [[6]]),
    Case(ops.move_case, [[[1.2, 1.2], [0.79, 0.04]]], [[4]]),
    Case(ops.move_case, [[[1.2, 1.2], [0.04, 0.79]]], [[5]]),
    Case(ops.move_case, [[[1.2, 1.2], [0.5, 0.504]]], [[0]]),
    Case(ops.move_case, [[[1.2, 1.2], [1.214, 1.18]]], [[1]]),
    Case(ops.move_case, [[[0.2, 1.2], [0.4, 0.9]]], [[2]]),
    Case(ops.move_case, [[[0.2, 0], [0.4, 0.5]]], [[3]]),
    Case(ops.guess_case, [[[0.6, 0.3]], [["b", "c"]], [[""]], [[""]]], [[1]]),
    Case(ops.guess_case, [[[0.402, 0.4]], [["b", "c"]], [["a"]], [["x"]]], [[2]]),
    Case(ops.guess_case, [[[0.6, 0.3]], [["b", "c"]], [["a"]], [["x"]]], [[3]]),
    Case(ops.guess_case, [[[0.6, 0.3]], [["b", "c"]], [["a"]], [["B"]]], [[0]]),
    Case(ops.guess_case, [[[0.997, 0.003]], [["b", "c"]], [["a"]], [[""]]], [[4]]),
    Case(ops.guess_case, [[[1]], [["b"]], [["a"]], [["x"]]], [[5]]),
    Case(ops.word_after, [[[1]], [["a"], ["b"]]], [["b"]]),
    Case(ops.word_after, [[[2]], [["a"], ["b"]]], [[""]]),
    Case(ops.word_after, [[[0]], [["a"], ["b"]]], [[""]]),
    Case(ops.count_case, [[[0]]], [[1]]),
    Case(ops.count_case, [[[1]]], [[2]]),
    Case(ops.count_case, [[[5]]], [[0]]),
    Case(ops.row_sum, [[[1, 2, 3.5], [0, 0, 0]]], [[6.5], [0]]),
    Case(ops.divide_rows, [[[1, 3], [0, 0]], [[4], [0]]], [[0.25, 0.75], [0, 0]]),
    Case(ops.Row(1), [[[1, 2], [3, 4]]], [[3, 4]]),
    Case(ops.Repeat(3), [[[1, 2]]], [[1, 2], [1, 2], [1, 2]]),
    Case(ops.stack_rows, [[[9, 9, 9], [9, 9, 9]], [[1, 2]], [[3, 4]]], [[1, 2], [3, 4]]),
    Case(ops.add, [[[1, 2], [3, 4]], [[10, 20], [30, 40]], [[-1, 0], [0, 1]]], [[10, 22], [33, 45]]),
    Case(ops.add_row, [[[1, 2], [3, 4]], [[10, -20]]], [[11, -18], [13, -16]]),
    Case(ops.multiply, [[[1, 2], [3, 4]], [[10, 20], [-30, 0]]], [[10, 40], [-90, 0]]),
    Case(ops.relu, [[[1, -2], [0, 0.5]]], [[1, 0], [0, 0.5]]),
    # both forms of GELU to all digits of an arbitrary-precision calculation
    Case(
        ops.gelu_tanh,
        [[[1, -1, 0, 3]]],
        [[0.8411919906082767, -0.15880800939172324, 0, 2.996362607918227]],
    ),
    Case(
        ops.gelu_erf,
        [[[1, -1, 0, 3, -10, -40, 40, 1e200]]],
        [[0.8413447460685429, -0.15865525393145705, 0, 2.9959503059051097, -7.6198530241605261e-23, 0, 40, 1e200]],
        cells=1e-10,  # IronCalc's NORMSDIST is right to 10 digits only
    ),
    Case(ops.sigmoid, [[[0, log(3), -log(3), 1000, -1000]]], [[0.5, 0.75, 0.25, 1, 1 / (1 + exp(700))]]),
    Case(ops.silu, [[[0, log(3), 1000]]], [[0, 0.75 * log(3), 1000]]),
    Case(ops.tanh, [[[0, log(2), -log(2), 400]]], [[0, 0.6, -0.6, 1]]),
    Case(ops.tanh_slope, [[[0, 0.5, -0.8]]], [[1, 0.75, 0.36]]),
    Case(ops.RowDiagonal(1), [[[9, 9], [2, 3]]], [[2, 0], [0, 3]]),
    Case(ops.ScaleRows(1), [[[1, 2, 3], [4, 5, 6]], [[9, 9], [10, -1]]], [[10, 20, 30], [-4, -5, -6]]),
    # 9 + 16 + 144 = 13², in either direction; 1 + 4 + 4 = 3²
    Case(ops.norms, [[[7], [7]], [[3, 4, 12]], [[1, -2, 2]]], [[13, 3]]),
    Case(ops.norms, [[[7]], [[3], [4], [-12]]], [[13]]),
    Case(ops.row_mean, [[[1, 2, 6], [-1, 0, 1]]], [[3], [0]]),
    # (4 + 1 + 9) / 3 and (1 + 0 + 1) / 3
    Case(ops.row_variance, [[[1, 2, 6], [-1, 0, 1]], [[3], [0]]], [[14 / 3], [2 / 3]]),
    Case(ops.normalise_rows, [[[1, 7]], [[4]], [[8]], [[1]]], [[-1, 1]]),
    Case(ops.mean_square, [[[1, 7], [0, 0]]], [[25], [0]]),
    Case(ops.rms_normalise_rows, [[[1, 7]], [[24]], [[1]]], [[0.2, 1.4]]),
    Case(ops.gain_bias, [[[1, 2], [3, 4]], [[2, -1]], [[10, 0.5]]], [[12, -1.5], [16, -3.5]]),
    Case(ops.gain_bias, [[[1, 2], [3, 4]], [[2, -1]]], [[2, -2], [6, -4]]),
    Case(ops.position, [[[7, 7], [7, 7], [7, 7]]], [[0], [1], [2]]),
    Case(ops.behind_turn, [[[3]], [[7], [7], [7], [7]]], [[3], [4]]),
    Case(ops.before_turn, [[[3]], [[7], [7], [7], [7]]], [[2], [1]]),
    Case(ops.behind_turn, [[[4]], [[7], [7], [7], [7]]], [[4], [0]]),
    Case(ops.before_turn, [[[2]], [[7], [7], [7], [7]]], [[1], [0]]),
    Case(ops.before_turn, [[[0]], [[7], [7], [7], [7]]], [[0], [0]]),
    Case(ops.from_end, [[[7, 7], [7, 7], [7, 7]]], [[2], [1], [0]]),
    Case(ops.SwitchedOn(), [[["ON"]]], [[1]]),
    Case(ops.SwitchedOn(), [[["maybe"]]], [[0]]),
    Case(ops.pair, [[[7, 7, 7, 7, 7]]], [[0, 0, 1, 1, 2]]),
    Case(ops.Pair(None, True), [[[7, 7, 7, 7, 7]]], [[0, 1, 2, 0, 1]]),
    Case(ops.Pair(4, True), [[[7, 7, 7, 7, 7]]], [[0, 1, 0, 1]]),
    Case(ops.Pair(3), [[[7, 7, 7, 7, 7]]], [[0, 0, 1]]),
    Case(ops.count_texts, [[["a"], [""], ["b"]]], [[1], [0], [2]]),
    Case(ops.pack_texts, [[["a"], ["x"], ["?"]], [[1], [0], [2]]], [["a"], ["?"], [""]]),
    Case(ops.pair_texts, [[["l"], ["=o"], [""]]], [["l=o"], [""], [""]]),
    Case(ops.least_above_zero, [[[0], [4], [2], [0]]], [[2]]),
    Case(ops.least_above_zero, [[[0], [0]]], [[0]]),
    # of four alike the first two and the last two are merged, of three the first two
    Case(ops.merge_here, [[[2], [2], [2], [0]], [[2]]], [[1], [0], [1], [0]]),
    Case(ops.merge_here, [[[2], [2], [1], [0]], [[1]]], [[0], [0], [1], [0]]),
    Case(ops.merge_here, [[[0], [0]], [[0]]], [[0], [0]]),
    Case(ops.merge_texts, [[["l"], ["o"], ["w"]], [[1], [0], [0]]], [["lo"], [""], ["w"]]),
    Case(ops.merge_texts, [[["a"], ["b"], ["c"]], [[0], [1], [0]]], [["a"], ["bc"], [""]]),
    Case(ops.rows_of_texts, [[["a"], ["b"]], [["ab"], [""]]], [["a", "b"], ["ab", ""]]),
    # of (1 2), (3 4) and (9 9) the first two count; of none, zeros
    Case(ops.mean_rows, [[[1, 2], [3, 4], [9, 9]], [[1], [1], [0]]], [[2, 3]]),
    Case(ops.mean_rows, [[[1, 2]], [[0]]], [[0, 0]]),
    Case(ops.shared_out, [[[6, -4]], [[1], [0], [1]]], [[3, -2], [0, 0], [3, -2]]),
    Case(ops.shared_out, [[[6, -4]], [[0]]], [[0, 0]]),
    Case(
        ops.binary_surprise, [[[0, 2, -2]], [[1, 1, 0.25]]], [[log(2), log(1 + exp(-2)), 0.5 + log(1 + exp(-2))]]
    ),
    Case(ops.surprise_gradient, [[[2, 4]], [[0, log(3)]], [[1, 0.25]]], [[-1, 2]]),
    Case(ops.weigh_rows, [[[1, 2], [3, -4]], [[2], [0.5]]], [[2, 4], [1.5, -2]]),
    Case(ops.mask_rows, [[[1, 2], [3, -4]], [[1], [0]]], [[1, 2], [INF, INF]]),
    Case(ops.max_rows, [[[1, -7], [3, -4], [INF, INF]], [[1], [1], [0]]], [[3, -4]]),
    Case(ops.max_rows, [[[INF, INF]], [[0]]], [[0, 0]]),
    Case(ops.to_largest, [[[5, 6]], [[3, 1], [3, 2], [0, 2]], [[3, 2]]], [[5, 0], [0, 6], [0, 0]]),
    Case(ops.numbered, [[[1], [0], [1]]], [[1], [0], [3]]),
    Case(ops.root_sum, [[[1], [0], [1]]], [[sqrt(2)]]),
    Case(ops.row_past_pads, [[[0], [1], [0], [0], [1]]], [[2], [1], [3], [4], [1]]),
    # the first separator belongs to what it ends; a second one to what it ends, too
    Case(ops.segment_kind, [[[0], [1], [0], [1], [0]]], [[1], [1], [2], [2], [2]]),
    Case(ops.segment_kind, [[[0], [0]]], [[1], [1]]),
    Case(ops.margin, [[[5, 2], [1, 3]]], [[3], [-2]]),
    Case(ops.margin, [[[5, 2, 4]]], [[2]]),
    Case(ops.row_length, [[[3, 4], [0, 0]]], [[5], [0]]),
    Case(ops.length_gradient, [[[10], [2]], [[3, 4], [0, 0]], [[5], [0]]], [[6, 8], [0, 0]]),
    # 10000^(2i/4) is 1 for pair 0 and 100 for pair 1
    Case(ops.inverse_frequency, [[[10000]], [[0, 0, 1, 1]]], [[1, 1, 100, 100]]),
    # in 16π places these turn 8, 2, 1 and 1/2 times; 4 is fast, 1 slow, and 2 a third of the way between
    Case(ops.kept_speed, [[[1, 4, 8, 16]], [[1]], [[4]], [[16 * pi]]], [[1, 1 / 3, 0, 0]]),
    Case(ops.slowed, [[[1, 6, 8]], [[1, 0.5, 0]], [[4]]], [[1, 9.6, 32]]),
    Case(ops.angle, [[[0], [3]], [[1, 100]]], [[0, 0], [3, 0.03]]),
    Case(ops.sinusoid, [[[0, 0, pi / 6, pi / 3]]], [[0, 1, 0.5, 0.5]]),
    Case(ops.Sinusoid(True), [[[0, pi / 6, pi / 2, 0, pi / 3]]], [[0, 0.5, 1, 1, 0.5]]),
    Case(ops.distance, [[[0], [1]], [[0], [1], [2]]], [[0, 1, 2], [-1, 0, 1]]),
    # T5's: one distance a bucket up to 7, then 8 to 11, 12 to 15, 16 to 22, …, from 91 on; the other way 16 more
    Case(
        ops.bucket,
        [
            [
                [0, -1, -7, -8, -11, -12, -16, -22, -23, -90, -91, -500],
                [1, 7, 8, 12, 16, 23, 32, 46, 64, 91, 128, 1],
            ]
        ],
        [[0, 1, 7, 8, 8, 9, 10, 10, 11, 14, 15, 15], [17, 23, 24, 25, 26, 27, 28, 29, 30, 31, 31, 17]],
    ),
    Case(ops.BiasOf(1), [[[0, 2], [1, 0]], [[1, 2], [3, 4], [5, 6]]], [[2, 6], [4, 2]]),
    # (1, 0) and (0, 2), both turned by 30 degrees
    Case(
        ops.rotate_pairs,
        [[[1, 0, 0, 2]], [[pi / 6, pi / 6, pi / 6, pi / 6]]],
        [[sqrt(3) / 2, 0.5, -1, sqrt(3)]],
    ),
    # the first two of three columns turn, by a right angle
    Case(ops.rotate_pairs, [[[1, 2, 5]], [[pi / 2, pi / 2]]], [[-2, 1, 5]]),
    # "two" stands twice in the list (case aside), so it is not found
    Case(ops.word_index, [WORDS, LIST], [[1], [3], [6], [0], [0], [4], [5], [0]]),
    Case(ops.lookup, [[[2], [0], [1]], [[1, 2], [3, 4]]], [[3, 4], [0, 0], [1, 2]]),
    Case(ops.remainder, [[[17]], [[5]]], [[2]]),
    Case(ops.times_there, [[[3, 0], [7, 3]], [[3]]], [[2]]),
    Case(ops.times_there, [[[3, 0], [7, 3]], [[0]]], [[0]]),
    Case(ops.join_letters, [[["<s>"], ["a"], ["B"], ["."], [""]], [["<S>"]], [["."]]], [["aB"]]),
    Case(ops.join_words, [[["a"], [""], ["=b"], [""]]], [["a =b"]]),
    Case(ops.join_words, [[[""], [""]]], [[""]]),
    Case(ops.stack, [[["a b"]], [["年"]]], [["a b"], ["年"]]),
    Case(ops.equals, [[["Cat"], ["dog"], [""], ["cat"]], [["cat"]]], [[1], [0], [0], [1]]),
    Case(ops.equals, [[[""], ["a"]], [[""]]], [[0], [0]]),
    Case(ops.word_at, [[[2, 1], [0, 3]], [["a"], ["=b"], [""]]], [["=b", "a"], ["", ""]]),
    Case(ops.equals, [[["Cat", "dog", "cat"]], [["cat"]]], [[1], [0], [1]]),
    # a switch holds a word of either language, in any case, or a number; whatever else it says is off
    *(Case(ops.SwitchedOn(), [[[said]]], [[1]]) for said in ("on", "ON", "1", "TRUE", "开")),
    *(Case(ops.SwitchedOn(), [[[said]]], [[0]]) for said in ("off", "0", "关", "", "one", "11")),
    Case(
        ops.write_next,
        [[["a"], ["END"], [""], ["=b"]], [["x"], ["y"], ["z"], [""]], [["End"]]],
        [["x"], [""], [""], [""]],
    ),
    Case(ops.write_next, [[["a"], [""]], [["1"], ["y"]], [[""]]], [["1"], [""]]),
    *(
        Case(
            ops.word_or_in_place,
            [[[word]], [[place]], [[0], [1], [0]], [["new"], ["Cat"], [""]], [["x"]]],
            [[shown]],
        )
        for word, place, shown in (
            ("cat", 1, "cat"),
            ("x", 1, "x"),
            ("gone", 1, "new"),
            ("gone", 3, "Cat"),
            ("", 2, "Cat"),
            ("", 3, "Cat"),
        )
    ),
    Case(ops.word_or_in_place, [[["gone"]], [[1]], [[0], [0]], [[""], [""]]], [[""]]),
    Case(ops.word_or_in_place, [[["x"]], [[1]], [[1], [0]], [["a"], [""]], [[""]] * 120 + [["x"]]], [["x"]]),
    Case(ops.choose, [[[2]], [[1, 2]], [[3, 4]]], [[3, 4]]),
    Case(ops.choose, [[[0]], [[1, 2]], [[3, 4]]], [[0, 0]]),
    # more of them than LibreOffice's CHOOSE takes
    *(Case(ops.choose, [[[k]], *([[n]] for n in range(1, 61))], [[k]]) for k in (1, 24, 25, 48, 49, 60)),
    Case(ops.plane, [[[1, 2, 3], [4, 5, 6]], [[3]], [[1]], [["c"], ["a"]]], [[3, 1], [6, 4]]),
    Case(ops.plane, [[[1, 2, 3]], [[0]], [[2]], [["?"], ["b"]]], [[0, 2]]),
    Case(ops.settle, [[[1, 2], [3, 4]], [[1], [0]], [[8, 9]]], [[1, 2], [8, 9]]),
    Case(ops.below, [[[1, 2]], [[3, 4]]], [[1, 2], [3, 4]]),
    Case(ops.less_first, [[[1, 2], [3, 5]]], [[0, 0], [2, 3]]),
    Case(ops.first, [[[0], [1], [1]]], [[2]]),
    Case(ops.first, [[[0], [0]]], [[0]]),
    Case(ops.unbroken, [[[1], [1], [0], [1]]], [[1], [1], [0], [0]]),
    Case(ops.unbroken, [[[0], [1]]], [[0], [0]]),
    Case(
        ops.pick,
        [[["s"], ["t"]], [[2]], [[1, 2], [3, 4]], [[0]], [[5, 6]]],
        [[3, 4], [0, 0]],
    ),
    # columns times columns: (1 3)·(5 7) = 26, (1 3)·(6 8) = 30, (2 4)·(5 7) = 38, (2 4)·(6 8) = 44
    Case(ops.transposed_matmul, [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 9], [9, 9]]], [[26, 30], [38, 44]]),
    Case(
        ops.transposed_matmul,
        [[[k] for k in range(1, 18)], [[1, k] for k in range(1, 18)], [[0, 0]]],
        [[153, 1785]],
    ),
    Case(ops.column_sums, [[[1, 2], [3, -4]], [[9, 9]]], [[4, -2]]),
    Case(ops.total, [[[9, 9], [9, 9]], [[1, 2], [3, 4]], [[10], [20]], [[100]]], [[111, 112], [123, 124]]),
    Case(ops.total, [[[9, 9]], [[7]]], [[7, 7]]),
    Case(ops.Columns(1), [[[1, 2, 3], [4, 5, 6]], [[9, 9], [9, 9]]], [[2, 3], [5, 6]]),
    Case(ops.PlaceRows(1), [[[1, 2]], [[9, 9], [9, 9], [9, 9]]], [[0, 0], [1, 2], [0, 0]]),
    Case(ops.subtract, [[[1, 2], [3, 4]], [[10, 20], [-30, 0]]], [[-9, -18], [33, 4]]),
    Case(ops.step_down, [[[1, 2]], [[10, -20]], [[0.5]]], [[-4, 12]]),
    Case(ops.momentum, [[[1, -2]], [[10, -20]], [[0.5]]], [[10.5, -21]]),
    Case(ops.nudged, [[[1, 2, 3], [4, 5, 6]], [[2]], [[3]], [[0.5]]], [[1, 2, 3], [4, 5, 6.5]]),
    Case(ops.nudged, [[[1, 2]], [[0]], [[1]], [[0.5]]], [[1, 2]]),
    Case(ops.while_within, [[[0.5]], [[20]], [[2]]], [[0.5]]),
    Case(ops.while_within, [[[0.5]], [[20.5]], [[2]]], [[0]]),
    Case(ops.count_within, [[[2, 20, 1, 20.5, 20.5]]], [[3]]),
    Case(ops.count_within, [[[0, 0]]], [[2]]),
    Case(ops.up_to, [[[5, 6, 7, 8]], [[2]]], [[5, 6, 6, 6]]),
    Case(ops.steps_up_to, [[[5, 6, 7, 8]], [[2]]], [[0, 1, 1, 1]]),
    # a leap is a rise by more than a quarter of the beginning: 2 to 3.1 is one, 2 to 3 is none
    Case(ops.outcome, [[[4, 2, 3, 1]], [[4]]], [[0]]),
    Case(ops.outcome, [[[4, 2, 3, 1.1]], [[4]]], [[1]]),
    Case(ops.outcome, [[[4, 2, 3.1, 1]], [[4]]], [[2]]),
    Case(ops.outcome, [[[4, 3, 4]], [[3]]], [[3]]),
    Case(ops.outcome, [[[4, 4, 4]], [[3]]], [[4]]),
    Case(ops.outcome, [[[4, 41, 41]], [[1]]], [[5]]),
    Case(ops.verdict, [[[-0.0009]], [[0.001]]], [[0]]),
    Case(ops.verdict, [[[-0.0011]], [[-1]]], [[1]]),
    Case(ops.verdict, [[[0.5]], [[0]]], [[2]]),
    Case(ops.verdict, [[[0.5]], [[0.0000009]]], [[3]]),
    Case(ops.Spread(5), [[[3]]], [[-3, -1.5, 0, 1.5, 3]]),
    Case(ops.negative, [[[1, -2]]], [[-1, 2]]),
    Case(ops.Through(ops.relu), [[[3, 4, 5]], [[2, -1, 0]]], [[3, 0, 0]]),
    Case(ops.Through(ops.tanh), [[[10, 10]], [[0.6, 0]]], [[6.4, 10]]),
    Case(ops.Through(ops.tanh_slope), [[[10]], [[0.6]]], [[-12]]),
    Case(ops.Through(ops.negative), [[[10]], [[0.6]]], [[-10]]),
    Case(ops.Through(ops.sigmoid), [[[10]], [[0.25]]], [[1.875]]),
    # sigmoid(ln 3) = 3/4: 3/4 + ln 3 · 3/4 · 1/4
    Case(ops.Through(ops.silu), [[[1, 2, 1]], [[log(3), 0, -1000]]], [[0.75 + log(3) * 0.1875, 1, 0]]),
    # Φ(1) + φ(1) and Φ(-1) - φ(1), to all digits; of the tanh form by differences
    Case(
        ops.Through(ops.gelu_erf),
        [[[1, 1, 2, 3, 3]], [[1, -1, 0, 1e99, -1e99]]],
        [[1.0833154705876862, -0.0833154705876862, 1, 3, 0]],
        cells=1e-9,
    ),
    Case(ops.Through(ops.gelu_tanh), [[[2, 1]], [[0, 30]]], [[1, 1]]),
    Case(ops.lower, [[[1, 2], [3, 4]]], [[1, 0], [3, 4]]),
    Case(ops.upstream_scores, [[[6, 5], [3, -4]], [[2]]], [[3, 0], [1.5, -2]]),
    Case(ops.causal_row_products, [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[17, 0], [39, 53]]),
    Case(ops.where_one, [[[1, -2], [3, 4]], [[1, 0], [1, 1]]], [[1, 0], [3, 4]]),
    Case(ops.where_named, [[[1, -2], [3, 4]], [["a"], [""]]], [[1, 0], [3, 0]]),
    Case(ops.exp_gradient, [[[1, 2]], [[3, 5]]], [[3, 10]]),
    Case(ops.exp_gradient, [[[1, 2]], [[3, 5]], [[4]]], [[0.75, 2.5]]),
    # -(1·3 + 2·5) / 2
    Case(ops.divisor_gradient, [[[1, 2], [1, 1]], [[3, 5], [1, 1]], [[2], [0]]], [[-6.5], [0]]),
    Case(ops.place_entries, [[[5, 6], [7, 8]], [[2, 0], [3, 3]], [[9, 9, 9], [9, 9, 9]]], [[0, 5, 0], [0, 0, 15]]),
    Case(ops.divide_by_width, [[[6], [9]], [[0, 0, 0], [0, 0, 0]]], [[2], [3]]),
    Case(ops.squares_gradient, [[[3], [1]], [[1, 7], [2, 0]]], [[3, 21], [2, 0]]),
    Case(ops.squares_gradient, [[[3]], [[1, 7]], [[4]]], [[-9, 9]]),
    Case(ops.mean_gradient, [[[1, 5]], [[8]], [[1]]], [[-2]]),
    Case(ops.spread_gradient, [[[1, 5]], [[2, 4]], [[3]], [[1]]], [[-2.75]]),
    Case(ops.gain_gradient, [[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 9]]], [[26, 44]]),
    Case(
        ops.RotatePairs(back=True),
        [[[1, 0, 0, 2]], [[pi / 6, pi / 6, pi / 6, pi / 6]]],
        [[sqrt(3) / 2, -0.5, 1, sqrt(3)]],
    ),
    Case(
        ops.add_rows_at,
        [[[1, 2], [3, 4], [5, 6], [7, 8]], [[2], [0], [1], [2]], [[9, 9], [9, 9], [9, 9]]],
        [[5, 6], [8, 10], [0, 0]],
    ),
    Case(
        ops.AddBiasAt(1), [[[1, 2], [3, 4]], [[0, 2], [1, 0]], [[9, 9], [9, 9], [9, 9]]], [[0, 5], [0, 3], [0, 2]]
    ),
    # ln 4 + 1 - 0.5
    Case(ops.negative_log_likelihood, [[[4], [1]], [[1], [2]], [[0.5], [2]]], [[log(4) + 0.5], [0]]),
    Case(ops.counted_mean, [[[1], [2], [6]], [[1], [0], [1]]], [[3.5]]),
    Case(ops.counted_mean, [[[1], [2], [6]]], [[3]]),
    Case(ops.counted_mean, [[[1], [2]], [[0], [0]]], [[0]]),
    Case(ops.counted_share, [[[6]], [[9], [9], [9]], [[1], [0], [1]]], [[3], [0], [3]]),
    Case(ops.counted_share, [[[6]], [[9], [9], [9]]], [[2], [2], [2]]),
    Case(ops.counted_share, [[[6]], [[9]], [[0]]], [[0]]),
    # 16807·1 + 12345 = 29152; a fraction counts as the whole number below, what is below 0 as 0
    Case(ops.mixed_seed, [[[1]]], [[29152]]),
    Case(ops.mixed_seed, [[[2.7]]], [[45959]]),
    Case(ops.mixed_seed, [[[-3]]], [[12345]]),
    Case(ops.mixed_seed, [[[1e99]]], [[(16807 * 999999999 + 12345) % 67108859]]),
    Case(ops.start_number, [[[5]]], [[26]]),
    Case(ops.start_number, [[[67108858]]], [[1 + 67108858**2 % 2147483646]]),
    # the first numbers of what C++ calls minstd_rand
    Case(ops.Numbers(3), [[[1]]], [[48271], [182605794], [1291394886]]),
    Case(ops.fraction, [[[1073741823.5], [2147483646]]], [[0.5], [2147483646 / 2147483647]]),
    Case(ops.draw_after, [[[0.1], [0.2]], [[0.5], [0.6], [0.7]], [["a"], ["b"], ["c"]]], [[0.1], [0.2], [0.7]]),
    Case(ops.draw_after, [[[0.1], [0.2]], [[0.5], [0.6], [0.7]], [["a"]]], [[0.1]]),
    Case(
        ops.heated_in_order,
        [[[1, 3, 2], [5, INF, 5]], [[3, 1, 2], [1, 3, 2]], [[1, 2, 3]], [[3], [5]], [[2]]],
        [[1, exp(-0.5), exp(-1)], [1, 1, 0]],
    ),
    Case(ops.heated_in_order, [[[1, 3]], [[2, 1]], [[1, 2]], [[3]], [[0]]], [[1, 0]]),
    Case(ops.heated_in_order, [[[3, INF]], [[1, 2]], [[1, 2]], [[3]], [[1e30]]], [[1, 0]]),
    Case(ops.running, [[[1, 0.5, 0.25], [1, 1, 0]]], [[1, 1.5, 1.75], [1, 2, 2]]),
    *(
        Case(ops.first_words, [[[1, 2, 3]], [[k]]], [[kept]])
        for k, kept in ((0, 3), (2.9, 2), (7, 3), (-1, 3), (1, 1))
    ),
    # of 5, 3 and 2, which make 10
    *(
        Case(ops.kept, [[[5, 8, 10]], [[first]], [[p]]], [[count]])
        for first, p, count in (
            (3, 0.8, 2),
            (3, 0.5, 1),
            (3, 0.51, 2),
            (3, 1, 3),
            (3, 0, 1),
            (2, 0.62, 1),
            (2, 1, 2),
        )
    ),
    Case(ops.left_over, [[[1, 0.5, 0.25]], [[1.5]], [[2]], [[1, 2, 3]]], [[2 / 3, 1 / 3, 0]]),
    Case(ops.interval_ends, [[[1, 1.5, 1.75]], [[1.5]], [[1, 2, 3]]], [[2 / 3, 1, 1]]),
    *(
        Case(ops.falls, [[[5, 8, 10]], [[total]], [[draw]]], [[place]])
        for total, draw, place in (
            (10, 0.4999, 1),
            (10, 0.5, 2),
            (10, 0.8, 3),
            (10, 1, 3),
            (10, -1, 1),
            (8, 0.99, 2),
        )
    ),
    Case(ops.at_place, [[[2], [7]], [[1, 2, 3]]], [[0, 1, 0], [0, 0, 0]]),
    Case(ops.ranked_as, [[[3, 1, 2], [1, 2, 3]], [[2], [1]]], [[3], [1]]),
    Case(ops.either, [[[1]], [[4], [5]], [[6], [7]]], [[4], [5]]),
    Case(ops.either, [[[0]], [[4], [5]], [[6], [7]]], [[6], [7]]),
]
KINDS = {kind for kind in vars(ops).values() if isinstance(kind, type) and issubclass(kind, Op) and kind is not Op}
NAMES = [f"{k}-{type(case.op).__name__}" for k, case in enumerate(CASES)]


def as_array(values: Any) -> np.ndarray[Any, Any]:
    text = any(isinstance(v, str) for row in values for v in row)
    return np.array(values, dtype=object if text else float)


def as_input(name: str, value: np.ndarray[Any, Any]) -> Matrix:
    rows, columns = value.shape
    text = value.dtype == object
    return Matrix(Axis.numbered("r", rows), Axis.numbered("c", columns), name=name, text=text)


@pytest.fixture(scope="module", params=["auto", "rows"])
def drawn(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """One workbook with a sheet a case, by cells or by rows; every cached result is wrong on purpose."""
    places: dict[str, Any] = {}
    book = Book({}, load_messages(), notation=Notation(request.param))
    for k, (name, case) in enumerate(zip(NAMES, CASES, strict=True)):
        arrays = [as_array(v) for v in case.operands]
        inputs = [as_input(f"case{k}.in{m}", value) for m, value in enumerate(arrays)]
        result = case.op(*inputs)
        result.name = f"case{k}.out"
        wrong = np.full(result.shape, "wrong" if result.text else 12345.0, dtype=object if result.text else float)
        book.values = {**{m.name: v for m, v in zip(inputs, arrays, strict=True)}, result.name: wrong}
        page, row = Page(book, book.sheet(name[:31])), 1
        for block in inputs:
            draw(page, block, row, 1, labelled=False)
            row += block.shape[0] + 1
        places[name] = draw(page, result, row, 1, labelled=False)
        workbook = book.finish()
    path = tmp_path_factory.mktemp("ops") / "ops.xlsx"
    path.write_bytes(render(workbook, {}))
    return path, places


@pytest.fixture(scope="module", params=list(ENGINES))
def recalculated(request: pytest.FixtureRequest, drawn: tuple[Path, dict[str, Any]]) -> Results:
    return ENGINES[request.param].recalculate(drawn[0])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_numpy_gives_the_value_worked_by_hand(case: Case) -> None:
    result = case.op.value(*(as_array(v) for v in case.operands))
    expected = as_array(case.expected)
    assert result.shape == expected.shape
    if case.op.text:
        assert result.tolist() == expected.tolist()
    else:
        np.testing.assert_allclose(result.astype(float), expected, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize(("name", "case"), list(zip(NAMES, CASES, strict=True)), ids=NAMES)
def test_cells_give_what_numpy_gives(
    name: str, case: Case, drawn: tuple[Path, dict[str, Any]], recalculated: Results
) -> None:
    place = drawn[1][name]
    expected = case.op.value(*(as_array(v) for v in case.operands))
    assert place.shape == expected.shape
    for i, j in np.ndindex(place.shape):
        value = recalculated[fold(place.sheet)].get((place.row + i + 1, place.column + j + 1))
        if case.op.text:
            assert (value or "") == expected[i, j]
        else:
            assert value == pytest.approx(expected[i, j], rel=case.cells, abs=1e-15), (i, j)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_row_refers_to_what_its_cells_refer_to(case: Case) -> None:
    """And its arrays do not overlap; so a model that writes has no more circles by rows than by cells."""
    inputs = [as_input(f"in{m}", as_array(values)) for m, values in enumerate(case.operands)]
    result = case.op(*inputs)
    by_cells: dict[int, set[tuple[str, int, int]]] = {}
    for i, _, met in precedents(result):
        by_cells.setdefault(i, set()).update(met)
    for i in range(result.shape[0]):
        met = set[tuple[str, int, int]]()
        spans = case.op.row(i, *(Precedents(block, met) for block in inputs))
        covered = [j for first, count, _ in spans for j in range(first, first + count)]
        assert len(covered) == len(set(covered))
        assert all(0 <= j < result.shape[1] for j in covered)
        assert met <= by_cells[i]
        assert result.shape[1] > 1 or not spans or by_cells[i] == met


ROWS = {ops.matmul, ops.affine, ops.row_products, ops.causal_scores, ops.causal_mix, ops.concatenate, ops.add,
        ops.gain_bias, ops.normalise_rows, ops.rms_normalise_rows, ops.masked_exp, ops.divide_rows, ops.relu,
        ops.gelu_tanh, ops.silu}  # fmt: skip


def test_what_wide_models_are_made_of_has_arrays() -> None:
    for case in (case for case in CASES if case.op in ROWS):
        inputs = [as_input(f"in{m}", as_array(values)) for m, values in enumerate(case.operands)]
        assert case.op.row(0, *(Precedents(block, set()) for block in inputs)), case.op


WORKED = [
    case
    for case in CASES
    if (case.op.in_numbers or type(case.op).worked is not ops.Op.worked) and case.op is not ops.causal_mix
]
"""Without causal_mix, whose line counts on weights of 0 above the diagonal."""


@pytest.mark.parametrize("case", WORKED, ids=[type(case.op).__name__ for case in WORKED])
def test_worked_lines_come_out_as_the_cell_does(case: Case) -> None:
    arrays = [as_array(v) for v in case.operands]
    signs = {"×": "*", "−": "-", "²": "**2", "√": "sqrt", ";": ",", "ε": str(arrays[-1].flat[0])}
    for (i, j), value in np.ndenumerate(case.op.value(*arrays)):
        pieces = case.op.worked(i, j, *(Known(array) for array in arrays))
        if pieces is None:  # nothing to work out
            assert case.op == ops.total
            assert len(arrays) == 2
            continue
        line = "".join(piece if isinstance(piece, str) else piece.expression for piece in pieces)
        if "…" in line or value in (0, HIDDEN):  # too long to be shown in full; masked
            continue
        for sign, python in signs.items():
            line = line.replace(sign, python)
        assert eval(line, {"exp": exp, "sqrt": sqrt, "max": max, "ln": log}) == pytest.approx(value, rel=1e-13), (
            line
        )


def test_every_operation_has_a_case() -> None:
    public = {name for name, value in vars(ops).items() if isinstance(value, Op)}
    tested = {name for name in public if any(case.op is getattr(ops, name) for case in CASES)}
    assert public == tested
    assert {kind for kind in KINDS if not isabstract(kind)} == {type(case.op) for case in CASES}


def test_every_operation_has_a_signature_or_axes_of_its_own() -> None:
    for kind in KINDS:
        assert kind.signature or kind.axes is not Op.axes, kind


def test_every_operation_has_a_formula_or_cells_of_its_own() -> None:
    for kind in KINDS:
        assert isabstract(kind) or bool(kind.formula) != (kind.cell is not Op.cell), kind
        assert isabstract(kind) or not issubclass(kind, ops.Activation) or kind.slope_formula, kind


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_a_result_has_the_shape_that_is_promised(case: Case) -> None:
    """By signature or by `axes`: the value has it."""
    arrays = [as_array(values) for values in case.operands]
    shape = case.op(*(as_input(f"in{k}", array) for k, array in enumerate(arrays))).shape
    assert case.op.value(*arrays).shape == shape


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (ops.matmul, [(2, 3), (2, 3)]),
        (ops.divide, [(2, 2), (2, 1)]),
        (ops.times, [(2, 2), (2, 1)]),
        (ops.mask_columns, [(2, 2), (1, 3)]),
        (ops.mask_scores, [(2, 2), (2, 3)]),
        (ops.mask_unnamed, [(2, 2), (3, 1)]),
        (ops.ScaleRows(0), [(2, 2), (2, 3)]),
        (ops.norms, [(2, 2), (2, 3)]),
        (ops.divide_rows, [(2, 2), (3, 1)]),
        (ops.lookup, [(2, 2), (3, 3)]),
        (ops.affine, [(2, 3), (3, 2), (1, 3)]),
        (ops.row_products, [(2, 3), (3, 2)]),
        (ops.concatenate, [(2, 2), (3, 2)]),
        (ops.stack_rows, [(2, 2), (1, 2)]),
        (ops.causal_scores, [(2, 3), (3, 3)]),
        (ops.causal_mix, [(2, 2), (3, 2)]),
        (ops.shifted_exp, [(2, 2), (2, 2)]),
        (ops.masked_exp, [(2, 2), (2, 1), (2, 3)]),
        (ops.add, [(2, 2), (2, 3)]),
        (ops.add_row, [(2, 2), (2, 2)]),
        (ops.multiply, [(2, 2), (2, 1)]),
        (ops.row_variance, [(2, 2), (1, 1)]),
        (ops.normalise_rows, [(2, 2), (2, 2), (2, 1), (1, 1)]),
        (ops.rms_normalise_rows, [(2, 2), (1, 1), (1, 1)]),
        (ops.gain_bias, [(2, 2), (2, 2)]),
        (ops.inverse_frequency, [(1, 1), (2, 2)]),
        (ops.kept_speed, [(1, 2), (1, 1), (1, 2), (1, 1)]),
        (ops.slowed, [(1, 2), (1, 3), (1, 1)]),
        (ops.angle, [(2, 1), (2, 2)]),
        (ops.rotate_pairs, [(2, 3), (2, 3)]),
        (ops.BiasOf(2), [(2, 3), (3, 2)]),
        (ops.AddBiasAt(0), [(2, 3), (3, 2), (4, 2)]),
        (ops.entry_at, [(2, 3), (3, 1)]),
        (ops.transposed_matmul, [(2, 3), (3, 2), (3, 2)]),
        (ops.column_sums, [(2, 3), (1, 2)]),
        (ops.total, [(2, 3), (2, 2)]),
        (ops.PlaceRows(1), [(2, 3), (2, 3)]),
        (ops.Columns(2), [(2, 3), (2, 2)]),
        (ops.first_rows, [(1, 3), (2, 2)]),
        (ops.subtract, [(2, 2), (2, 1)]),
        (ops.gain_gradient, [(2, 2), (2, 3), (1, 2)]),
        (ops.add_rows_at, [(2, 2), (3, 1), (4, 2)]),
        (ops.counted_mean, [(2, 1), (3, 1)]),
        (ops.momentum, [(2, 2), (2, 1), (1, 1)]),
        (ops.nudged, [(2, 2), (2, 1), (1, 1), (1, 1)]),
        (ops.verdict, [(1, 1), (2, 1)]),
    ],
)
def test_misfitting_shapes_are_named(op: Op, shapes: list[tuple[int, int]]) -> None:
    operands = [as_input(f"m{k}", np.zeros(shape)) for k, shape in enumerate(shapes)]
    with pytest.raises(ValueError, match=f"m1 {shapes[1][0]}x{shapes[1][1]}"):
        op(*operands)
