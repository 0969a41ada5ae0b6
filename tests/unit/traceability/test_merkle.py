"""The Merkle tree: vectors of Certificate Transparency, and the laws that every proof obeys."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traceability.ledger import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
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
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Roots of the trees of the first 0 to 8 leaves."""

PATHS = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    assert merkle.tree_root(LEAVES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size"), PATHS)
def test_inclusion_proofs_are_those_of_certificate_transparency(index: int, size: int) -> None:
    proof = merkle.inclusion_proof(LEAVES[:size], index)
    assert [each.hex() for each in proof] == PATHS[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_consistency_proofs_are_those_of_certificate_transparency(old: int, new: int) -> None:
    proof = merkle.consistency_proof(LEAVES[:new], old)
    assert [each.hex() for each in proof] == CONSISTENCY[old, new]


def reference_root(leaves: list[bytes]) -> bytes:
    """The definition of RFC 9162, section 2.1.1, word by word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    left, right = reference_root(leaves[:middle]), reference_root(leaves[middle:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def reference_consistency(old: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 9162, section 2.1.4.1, word by word."""
    if old == len(leaves):
        return [] if whole else [reference_root(leaves)]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if old <= middle:
        proof = reference_consistency(old, leaves[:middle], whole=whole)
        return [*proof, reference_root(leaves[middle:])]
    proof = reference_consistency(old - middle, leaves[middle:], whole=False)
    return [*proof, reference_root(leaves[:middle])]


def numbered(size: int) -> list[bytes]:
    return [str(number).encode() for number in range(size)]


SIZES = st.integers(1, 70)


@given(st.lists(st.binary(max_size=40), max_size=40))
def test_a_root_is_what_the_rfc_defines(leaves: list[bytes]) -> None:
    assert merkle.tree_root(leaves) == reference_root(leaves)


@given(SIZES, st.data())
def test_every_leaf_is_proven_and_nothing_else(size: int, data: st.DataObject) -> None:
    leaves, index = numbered(size), data.draw(st.integers(0, size - 1))
    leaf, root = merkle.leaf_hash(leaves[index]), merkle.tree_root(leaves)
    proof = merkle.inclusion_proof(leaves, index)
    assert merkle.verify_inclusion(leaf, index, size, proof, root)
    other = merkle.leaf_hash(b"other")
    assert not merkle.verify_inclusion(other, index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, other)
    for wrong in (-1, size, *range(size)):
        if wrong != index:
            assert not merkle.verify_inclusion(leaf, wrong, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, index, proof, root)
    for longer in ([*proof, other], [other, *proof], [*proof, root], [*proof, *proof, leaf]):
        assert not merkle.verify_inclusion(leaf, index, size, longer, root)
    for cut in range(len(proof)):
        assert not merkle.verify_inclusion(leaf, index, size, proof[:cut], root)
        assert not merkle.verify_inclusion(leaf, index, size, proof[cut + 1 :], root)
        changed = [*proof[:cut], flipped(proof[cut], data), *proof[cut + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, changed, root)


def flipped(value: bytes, data: st.DataObject) -> bytes:
    bit = data.draw(st.integers(0, len(value) * 8 - 1))
    return (int.from_bytes(value) ^ 1 << bit).to_bytes(len(value))


@given(SIZES, st.data())
def test_every_growth_is_proven_and_nothing_else(new: int, data: st.DataObject) -> None:
    leaves, old = numbered(new), data.draw(st.integers(0, new))
    old_root, new_root = merkle.tree_root(leaves[:old]), merkle.tree_root(leaves)
    proof = merkle.consistency_proof(leaves, old)
    if old:
        assert proof == reference_consistency(old, leaves)
    assert merkle.verify_consistency(old, new, old_root, new_root, proof)
    other = merkle.leaf_hash(b"other")
    assert not merkle.verify_consistency(old, new, other, new_root, proof)
    if old:
        assert not merkle.verify_consistency(old, new, old_root, other, proof)
    assert not merkle.verify_consistency(new, old - 1, new_root, old_root, proof)
    assert not merkle.verify_consistency(-1, new, old_root, new_root, proof)
    for longer in ([*proof, other], [other, *proof], [*proof, new_root]):
        assert not merkle.verify_consistency(old, new, old_root, new_root, longer)
    for cut in range(len(proof)):
        assert not merkle.verify_consistency(old, new, old_root, new_root, proof[:cut])
        assert not merkle.verify_consistency(old, new, old_root, new_root, proof[cut + 1 :])
        changed = [*proof[:cut], flipped(proof[cut], data), *proof[cut + 1 :]]
        assert not merkle.verify_consistency(old, new, old_root, new_root, changed)


@given(st.integers(2, 70), st.data())
def test_a_rewritten_tree_is_never_a_growth(new: int, data: st.DataObject) -> None:
    leaves, old = numbered(new), data.draw(st.integers(1, new - 1))
    old_root = merkle.tree_root(leaves[:old])
    leaves[data.draw(st.integers(0, old - 1))] = b"rewritten"
    proof = merkle.consistency_proof(leaves, old)
    assert not merkle.verify_consistency(old, new, old_root, merkle.tree_root(leaves), proof)


@given(SIZES, st.data())
def test_a_proof_that_ends_below_the_root_is_none(size: int, data: st.DataObject) -> None:
    leaves, old = numbered(size), data.draw(st.integers(1, size))
    taller = 2 << size.bit_length()
    old_root, root = merkle.tree_root(leaves[:old]), merkle.tree_root(leaves)
    growth = merkle.consistency_proof(leaves, old)
    assert not merkle.verify_consistency(old, taller, old_root, root, growth)
    place = merkle.inclusion_proof(leaves, old - 1)
    leaf = merkle.leaf_hash(leaves[old - 1])
    assert not merkle.verify_inclusion(leaf, old - 1, taller, place, root)


def test_a_node_is_no_leaf() -> None:
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.tree_root([b"a", b"b"]) != merkle.tree_root([left + right])


def test_an_odd_leaf_is_not_doubled() -> None:
    assert merkle.tree_root([b"a", b"b", b"c"]) != merkle.tree_root([b"a", b"b", b"c", b"c"])


def test_hashes_of_another_length_prove_nothing() -> None:
    leaf = merkle.leaf_hash(b"a")
    assert merkle.verify_inclusion(leaf, 0, 1, [], leaf)
    assert not merkle.verify_inclusion(leaf[:-1], 0, 1, [], leaf[:-1])
    assert not merkle.verify_inclusion(leaf, 0, 2, [b""], merkle.node_hash(leaf, b""))


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    root = merkle.tree_root(LEAVES)
    assert merkle.verify_consistency(0, 8, merkle.EMPTY_ROOT, root, [])
    assert merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    assert not merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, root, [])
    assert not merkle.verify_consistency(0, 8, root, root, [])
    assert not merkle.verify_consistency(0, 8, merkle.EMPTY_ROOT, root, [root])


ANY, OTHER = b"don't care 1", b"don't care 2"
EMPTY = merkle.EMPTY_ROOT


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root", "proof", "holds"),
    [
        (0, 0, ANY, ANY, [], True),
        (1, 1, OTHER, OTHER, [], True),
        (0, 0, ANY, OTHER, [], False),
        (1, 1, ANY, OTHER, [], False),
        (0, 0, EMPTY, OTHER, [], False),
        (1, 1, EMPTY, OTHER, [], False),
        (0, 0, EMPTY, EMPTY, [EMPTY], False),
        (1, 1, EMPTY, EMPTY, [EMPTY], False),
        (0, 1, ANY, OTHER, [], False),
        (0, 1, EMPTY, OTHER, [], False),
        (0, 1, EMPTY, EMPTY, [EMPTY], False),
        (1, 0, ANY, OTHER, [], False),
        (2, 1, ANY, OTHER, [], False),
        (1, 2, ANY, OTHER, [], False),
    ],
)
def test_edge_cases_are_judged_as_by_transparency_dev(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: list[bytes], *, holds: bool
) -> None:
    """Of github.com/transparency-dev/merkle, testdata/consistency/additional."""
    assert merkle.verify_consistency(old, new, old_root, new_root, proof) is holds


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"no leaf {index}"):
        merkle.inclusion_proof(numbered(size), index)


@pytest.mark.parametrize("old", [-1, 4])
def test_there_is_no_proof_from_a_size_that_never_was(old: int) -> None:
    with pytest.raises(ValueError, match=f"never had {old}"):
        merkle.consistency_proof(numbered(3), old)


@given(st.integers(0, 200))
def test_a_tree_is_made_of_complete_subtrees(size: int) -> None:
    frontier = merkle.Frontier()
    known: dict[merkle.Position, bytes] = {}
    for leaf in numbered(size):
        known.update(frontier.add(merkle.leaf_hash(leaf)))
    positions = merkle.complete_subtrees(merkle.Run(0, size))
    assert merkle.join([known[position] for position in positions]) == frontier.root()
