# SPDX-License-Identifier: BSD-3-Clause
"""States of the two-dimensional Ising model, simulated here: coupling 1, no field, periodic square lattice.

The problems are those of Mehta et al., A high-bias, low-variance introduction to machine learning for physicists
(Physics Reports 810, 2019, arXiv:1803.08823): their temperatures, the phase by logistic regression, the coupling by
linear regression, here in two dimensions. Each temperature has independent chains with checkerboard heat-bath
updates: sites of one colour have neighbours of the other colour only, so that half the lattice is updated at once.

Chains start ordered, with a random sign, below the critical temperature (a random start would freeze in stripes) and
random above it. Measured at side 40, the magnetisation keeps 0.1 of a deviation over the 50 sweeps between states of one
chain at temperature 2.75 and less further from the critical region, but 0.5 at 2.5 and 0.7 at 2.25: there states are close
to equilibrium in energy, while their magnetisation still leans towards the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

CRITICAL_TEMPERATURE = 2.0 / np.log1p(np.sqrt(2.0))
TEMPERATURES = tuple(0.25 * k for k in range(1, 17))
# Smallest and largest temperature of the region that Mehta et al. leave out.
CRITICAL_REGION = (2.0, 2.5)

_N_CHAINS = 64
_SWEEPS_BEFORE = 500
_SWEEPS_BETWEEN = 50

Spins = npt.NDArray[np.int8]


def phase(
    side: int, n_rows: int, *, dtype: npt.DTypeLike = np.float64, critical: bool = False, seed: int = 0
) -> dict[str, Any]:
    """Spins and the phase: y is 1 in the ordered one, T < 2.269.

    Flipping all spins changes no probability, so that no linear function of the spins says more about the phase than a
    constant does: what a fit finds is chance. At low temperatures nearly all states are one of two. At side 40 a plane
    separates the classes of 4000 rows, but not of 5000. `critical` keeps the critical region.
    """
    states, temperature = _states(side, n_rows, critical=critical, seed=seed)
    return {"X": states.astype(dtype), "y": (temperature < CRITICAL_TEMPERATURE).astype(np.int64)}


def phase_neighbors(
    side: int,
    n_points: int,
    n_queries: int,
    *,
    dtype: npt.DTypeLike = np.float32,
    critical: bool = False,
    seed: int = 0,
) -> dict[str, Any]:
    """Spins as points and queries, from the same chains at other times.

    A squared distance is four times the number of spins that differ: ties and distances of zero are the rule.
    """
    states, _ = _states(side, n_points + n_queries, critical=critical, seed=seed)
    return {"points": states[:n_points].astype(dtype), "queries": states[n_points:].astype(dtype)}


def energy(side: int, n_rows: int, *, seed: int = 0) -> dict[str, Any]:
    """The product of every pair of spins, side**2 (side**2 - 1) / 2 columns, and the energy of the state.

    The energy is exactly -1 times the sum of the 2 side**2 columns of lattice neighbours (side > 2), all others have
    coefficient 0, and there is no noise. The columns are independent as functions of the spins; the rank, intercept
    included, is the number of states that differ by more than the sign of all spins, until it is full. At side 8 that is
    1150 of 2000 rows, and full rank from 4000 rows on. 10 000 rows are 161 MB.
    """
    states, _ = _states(side, n_rows, critical=True, seed=seed)
    first, second = np.triu_indices(side * side, 1)
    products = np.empty((n_rows, len(first)))
    np.multiply(states[:, first], states[:, second], out=products)
    return {"X": products, "y": -_bonds(states.reshape(n_rows, side, side)).astype(np.float64)}


def simulate(side: int, temperature: float, n_states: int, rng: np.random.Generator) -> Spins:
    """States at one temperature, (n_states, side, side); state i is of chain i mod 64, 50 sweeps after state i - 64."""
    if side < 4 or side % 2:
        raise ValueError(
            f"side is {side}; a checkerboard on a periodic lattice needs an even side of 4 or more"
        )
    n_rounds = -(-n_states // _N_CHAINS)
    states = np.concatenate(list(_rounds(side, temperature, n_rounds, rng)))
    return states[:n_states]


def _states(
    side: int, n_rows: int, *, critical: bool, seed: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Shuffled states of all temperatures in equal shares, (n_rows, side**2), and the temperature of each."""
    low, high = CRITICAL_REGION
    chosen = [t for t in TEMPERATURES if critical or not low <= t <= high]
    temperature = np.resize(np.array(chosen), n_rows)
    states = np.empty((n_rows, side * side), dtype=np.int8)
    for t in chosen:
        rows = np.flatnonzero(temperature == t)
        rng = np.random.default_rng([seed, TEMPERATURES.index(t)])
        states[rows] = simulate(side, t, len(rows), rng).reshape(len(rows), -1)
    order = np.random.default_rng(seed).permutation(n_rows)
    return states[order], temperature[order]


def _rounds(side: int, temperature: float, n_rounds: int, rng: np.random.Generator) -> Iterator[Spins]:
    """Yield the state of every chain, (64, side, side), n_rounds times."""
    colours = _start(side, temperature, rng)
    # The probability of +1 by the sum of the four neighbours, plus 4.
    up = (1.0 / (1.0 + np.exp(-2.0 * np.arange(-4, 5) / temperature))).astype(np.float32)
    for i in range(n_rounds):
        for _ in range(_SWEEPS_BETWEEN if i else _SWEEPS_BEFORE):
            for colour in (0, 1):
                _update(colours, colour, up, rng)
        yield _lattice(colours)


def _start(side: int, temperature: float, rng: np.random.Generator) -> Spins:
    """Spins of both colours, (2, side, side / 2, 64).

    Row r of colour c has the columns 2 k + (r + c) mod 2, k = 0, 1, ...
    """
    shape = (2, side, side // 2, _N_CHAINS)
    if temperature < CRITICAL_TEMPERATURE:
        shape = (1, 1, 1, _N_CHAINS)
    spins = 2 * rng.integers(0, 2, shape, dtype=np.int8) - 1
    return np.broadcast_to(spins, (2, side, side // 2, _N_CHAINS)).astype(np.int8)


def _update(colours: Spins, colour: int, up: npt.NDArray[np.float32], rng: np.random.Generator) -> None:
    """Draw all spins of one colour anew, given their neighbours."""
    field = _field(colours[1 - colour], colour)
    spins = colours[colour]
    spins[...] = rng.random(spins.shape, dtype=np.float32) < up[field + 4]
    spins *= 2
    spins -= 1


def _field(other: Spins, colour: int) -> Spins:
    """Sum of the four neighbours of every spin of `colour`, which all have the other colour.

    The neighbours above, below and on one side have the same k; the fourth has k - 1 or k + 1, depending on the row.
    """
    field = np.roll(other, 1, axis=0) + np.roll(other, -1, axis=0) + other
    field[colour::2] += np.roll(other[colour::2], 1, axis=1)
    field[1 - colour :: 2] += np.roll(other[1 - colour :: 2], -1, axis=1)
    return field


def _lattice(colours: Spins) -> Spins:
    """The spins in their places, (64, side, side)."""
    _, side, _, n_chains = colours.shape
    lattice = np.empty((n_chains, side, side), dtype=np.int8)
    for colour in (0, 1):
        for parity in (0, 1):
            spins = colours[colour, parity::2]
            lattice[:, parity::2, (parity + colour) % 2 :: 2] = np.moveaxis(spins, -1, 0)
    return lattice


def _bonds(lattices: Spins) -> npt.NDArray[np.int64]:
    """Sum of the products of all lattice neighbours, each pair once, for every lattice (n_states, side, side)."""
    neighbours = np.roll(lattices, 1, axis=1) + np.roll(lattices, 1, axis=2)
    bonds: npt.NDArray[np.int64] = (lattices * neighbours).sum(axis=(1, 2), dtype=np.int64)
    return bonds
