"""The generator: MATLAB's stream, its positions, and threads that share it."""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinydl.backend import random
from tinydl.backend.random import Generator

SEEDS = st.integers(0, 2**32 - 1)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


def test_uniform_numbers_are_those_of_a_fresh_matlab() -> None:
    drawn = Generator().uniform((5,))
    np.testing.assert_allclose(drawn, [0.8147, 0.9058, 0.1270, 0.9134, 0.6324], atol=5e-5)


def test_permutation_is_that_of_a_fresh_matlab() -> None:
    assert (Generator().permutation(6) + 1).tolist() == [6, 3, 5, 1, 2, 4]


def test_whole_numbers_are_those_of_a_fresh_matlab() -> None:
    drawn = Generator().integers(1, 10, (1, 10))
    assert drawn.dtype == np.float64
    assert drawn.tolist() == [[9, 10, 2, 10, 7, 1, 3, 6, 10, 10]]


def test_seed_0_is_the_one_that_matlab_starts_with() -> None:
    assert Generator(0).uniform((3,)).tolist() == Generator(5489).uniform((3,)).tolist()
    assert Generator(1).uniform((3,)).tolist() == np.random.RandomState(1).rand(3).tolist()


def test_the_package_has_a_generator() -> None:
    before = random.generator.getstate()
    random.generator.seed(0)
    try:
        assert random.generator.uniform(()) == Generator().uniform((1,))[0]
    finally:
        random.generator.setstate(before)


@given(SEEDS, SHAPES)
def test_arrays_are_filled_column_by_column_and_lie_in_rows(seed: int, shape: tuple) -> None:
    for draw in (Generator.uniform, Generator.normal):
        array = draw(Generator(seed), shape)
        assert array.shape == shape and array.dtype == np.float64 and array.flags.c_contiguous
        flat = draw(Generator(seed), (array.size,))
        assert array.ravel(order="F").tolist() == flat.tolist()


@given(SEEDS, st.integers(-5, 5), st.integers(0, 9))
def test_whole_numbers_stay_within_their_limits_and_reach_them(
    seed: int, low: int, width: int
) -> None:
    drawn = Generator(seed).integers(low, low + width, (400,))
    assert set(drawn) == set(range(low, low + width + 1))


@given(SEEDS, st.integers(0, 50))
def test_permutations_hold_every_position_once(seed: int, n: int) -> None:
    assert sorted(Generator(seed).permutation(n)) == list(range(n))


@given(SEEDS, st.integers(0, 7), st.integers(0, 7))
def test_a_position_brings_the_stream_back(seed: int, uniforms: int, normals: int) -> None:
    generator = Generator(seed)
    generator.uniform((uniforms,))
    generator.normal((normals,))  # an odd number leaves half a pair behind
    state = generator.getstate()
    kept = copy.deepcopy(state)
    first = [generator.normal((3,)).tolist(), generator.uniform((3,)).tolist()]
    np.testing.assert_equal(state, kept)  # drawing does not reach into a position given away
    other = Generator()
    other.setstate(state)
    assert [other.normal((3,)).tolist(), other.uniform((3,)).tolist()] == first


def test_a_position_survives_json() -> None:
    generator = Generator(3)
    generator.normal((5,))
    text = json.dumps(generator.getstate(), default=lambda array: array.tolist())
    other = Generator()
    other.setstate(json.loads(text))
    assert other.normal((9,)).tolist() == generator.normal((9,)).tolist()


@pytest.mark.parametrize("state", [{}, {"bit_generator": "PCG64"}, {"state": 1}])
def test_a_wrong_position_changes_nothing(state: dict) -> None:
    generator = Generator(3)
    with pytest.raises((ValueError, KeyError, TypeError)):
        generator.setstate(state)
    assert generator.uniform((4,)).tolist() == Generator(3).uniform((4,)).tolist()


def test_a_wrong_seed_changes_nothing() -> None:
    generator = Generator(3)
    with pytest.raises(ValueError):
        generator.seed(-1)
    assert generator.uniform((4,)).tolist() == Generator(3).uniform((4,)).tolist()


def test_threads_share_one_stream() -> None:
    generator, blocks, size = Generator(7), 200, 50
    with ThreadPoolExecutor(4) as pool:
        drawn = list(pool.map(lambda _: tuple(generator.uniform((size,))), range(blocks)))
    alone = Generator(7).uniform((blocks * size,)).reshape(blocks, size)
    assert sorted(drawn) == sorted(map(tuple, alone))
