"""The tree against the vectors of Certificate Transparency and a second, recursive reading."""

import hashlib

import pytest

from engine.evidence import merkle

# the tree of eight leaves used to test Certificate Transparency logs, with its published roots
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    at = 1
    while at * 2 < len(leaves):
        at *= 2
    return hashlib.sha256(b"\x01" + plain_root(leaves[:at]) + plain_root(leaves[at:])).digest()


@pytest.mark.parametrize(("size", "expected"), list(enumerate(ROOTS, 1)))
def test_the_published_roots(size, expected):
    assert merkle.root(LEAVES[:size]).hex() == expected


def test_published_proofs():
    assert [one.hex() for one in merkle.inclusion_path(LEAVES, 5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [one.hex() for one in merkle.consistency_path(LEAVES, 6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@pytest.mark.parametrize("size", range(1, 24))
def test_every_leaf_is_proved_and_no_other(size):
    leaves = [bytes([n]) for n in range(size)]
    root = merkle.root(leaves)

    assert root == plain_root(leaves)
    for index in range(size):
        path = merkle.inclusion_path(leaves, index)
        assert merkle.is_included(leaves[index], index, size, path, root)
        assert not merkle.is_included(b"other", index, size, path, root)
        assert not merkle.is_included(leaves[index], index + 1, size, path, root)
        assert not merkle.is_included(leaves[index], index, size, [*path, root], root)
        assert not path or not merkle.is_included(leaves[index], index, size, path[1:], root)


@pytest.mark.parametrize("size", range(1, 24))
def test_a_tree_that_only_grew_is_consistent(size):
    leaves = [bytes([n]) for n in range(size)]
    root = merkle.root(leaves)
    for earlier in range(1, size + 1):
        old = merkle.root(leaves[:earlier])
        path = merkle.consistency_path(leaves, earlier)
        assert merkle.is_consistent(earlier, size, path, old, root)
        forged = merkle.root([b"forged", *leaves[1:earlier]])
        assert not merkle.is_consistent(earlier, size, path, forged, root)
