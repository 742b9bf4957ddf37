"""Merkle trees as RFC 9162 section 2.1 hashes them: roots, proofs of inclusion and consistency.

Leaves are bytes; SHA-256 throughout. A leaf is hashed behind 0x00 and a node behind 0x01, so that
a node can never pass for a leaf.
"""

import hashlib
from collections.abc import Sequence

EMPTY = hashlib.sha256().digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of one leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root hash (MTH) of the leaves in this order."""
    return _root([leaf_hash(leaf) for leaf in leaves])


def inclusion_path(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root, the lowest first."""
    return _path([leaf_hash(leaf) for leaf in leaves], index)


def is_included(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root_hash: bytes
) -> bool:
    """Tell whether `leaf` is number `index` of the `size` leaves under `root_hash` (2.1.3.2)."""
    if not 0 <= index < size:
        return False

    here, last, running = index, size - 1, leaf_hash(leaf)
    for step in path:
        if last == 0:
            return False
        if here & 1 or here == last:
            running = _node(step, running)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            running = _node(running, step)
        here, last = here >> 1, last >> 1
    return last == 0 and running == root_hash


def consistency_path(leaves: Sequence[bytes], earlier_size: int) -> list[bytes]:
    """Return the proof that the first `earlier_size` leaves are unchanged (2.1.4.1)."""
    if not 0 < earlier_size <= len(leaves):
        message = f"no earlier tree of {earlier_size} leaves in one of {len(leaves)}"
        raise ValueError(message)
    return _subproof(earlier_size, [leaf_hash(leaf) for leaf in leaves], whole=True)


def is_consistent(
    earlier_size: int, size: int, path: Sequence[bytes], earlier_root: bytes, root_hash: bytes
) -> bool:
    """Tell whether the tree of `size` leaves only added to the one of `earlier_size` (2.1.4.2)."""
    if earlier_size == size:
        return not path and earlier_root == root_hash
    if not 0 < earlier_size < size or not path:
        return False

    steps = list(path)
    if earlier_size & (earlier_size - 1) == 0:
        steps.insert(0, earlier_root)
    here, last = earlier_size - 1, size - 1
    while here & 1:
        here, last = here >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if here & 1 or here == last:
            old, new = _node(step, old), _node(step, new)
            while not here & 1 and here:
                here, last = here >> 1, last >> 1
        else:
            new = _node(new, step)
        here, last = here >> 1, last >> 1
    return last == 0 and old == earlier_root and new == root_hash


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def _root(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return EMPTY
    level = list(hashes)
    while len(level) > 1:  # pairing from the left gives the same tree as splitting at _split
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [_node(left, right) for left, right in pairs] + odd
    return level[0]


def _path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    if len(hashes) == 1:
        return []
    at = _split(len(hashes))
    if index < at:
        return [*_path(hashes[:at], index), _root(hashes[at:])]
    return [*_path(hashes[at:], index - at), _root(hashes[:at])]


def _subproof(size: int, hashes: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if size == len(hashes):
        return [] if whole else [_root(hashes)]
    at = _split(len(hashes))
    if size <= at:
        return [*_subproof(size, hashes[:at], whole=whole), _root(hashes[at:])]
    return [*_subproof(size - at, hashes[at:], whole=False), _root(hashes[:at])]
