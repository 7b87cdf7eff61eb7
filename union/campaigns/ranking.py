"""The members' order of demands: Schulze's method on ranked lists.

Pure, exact integers. One demand stands above another when the strongest chain of pairwise wins from it to the
other is stronger than the way back; strength is the number of members who preferred it. Source: Schulze,
"A new monotonic, clone-independent, reversal symmetric, and Condorcet-consistent single-winner election
method" (2011), with winning votes.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

Pairs = Mapping[tuple[str, str], int]


def pairs(lists: Iterable[Sequence[str]], demands: Sequence[str]) -> dict[tuple[str, str], int]:
    """Count for each ordered pair who prefers the first; an unranked demand stands below all ranked ones."""
    count: dict[tuple[str, str], int] = {}
    known = set(demands)
    for listed in lists:
        order = [demand for demand in dict.fromkeys(listed) if demand in known]
        rest = known.difference(order)
        for place, demand in enumerate(order):
            for lower in (*order[place + 1 :], *rest):
                count[demand, lower] = count.get((demand, lower), 0) + 1
    return count


def order(demands: Sequence[str], preferred: Pairs) -> list[list[str]]:
    """Return the demands in groups, the most wanted first; what stands equal shares a group."""
    strength = {
        (a, b): preferred.get((a, b), 0) if preferred.get((a, b), 0) > preferred.get((b, a), 0) else 0
        for a, b in product(demands, repeat=2)
    }
    for via, start, end in product(demands, repeat=3):
        if start != end:
            through = min(strength[start, via], strength[via, end])
            strength[start, end] = max(strength[start, end], through)
    wins = {a: sum(strength[a, b] > strength[b, a] for b in demands if b != a) for a in demands}
    # Schulze's relation is a strict partial order; counting whom each beats extends it and breaks none of it.
    groups: dict[int, list[str]] = {}
    for demand in demands:
        groups.setdefault(wins[demand], []).append(demand)
    return [groups[n] for n in sorted(groups, reverse=True)]
