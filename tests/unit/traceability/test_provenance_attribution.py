"""Shares of one thing in another, by what is known of masses."""

from hypothesis import given
from hypothesis import strategies as st

from traceability.provenance import tables as t
from traceability.provenance.attribution import Inflow, Mixtures, State, share_of, shares_in


def into(source: int, run: int, mass_mg: int | None, at: int = 0) -> Inflow:
    return Inflow(t.INTO, source, t.LOT, run, at, at, mass_mg, "MGM", mass_mg)


def out_of(run: int, target: int, mass_mg: int | None, at: int = t.BEGINNING) -> Inflow:
    return Inflow(t.OUT_OF, run, t.ITSELF, target, at, t.OPEN, mass_mg, "MGM", mass_mg)


def inside(
    child: int,
    parent: int,
    mass_mg: int | None,
    window: tuple[int, int] = (0, t.OPEN),
    form: int = t.LOT,
) -> Inflow:
    return Inflow(t.CONTAINS, child, form, parent, *window, mass_mg, "MGM", mass_mg)


def made(target: int, mass_mg: int | None) -> Inflow:
    return Inflow(t.MADE, None, t.ITSELF, target, 0, 0, mass_mg, "MGM", mass_mg)


A, B, RUN, M, P, Q = range(1, 7)


def share(inflows: list[Inflow], root: int, thing: int) -> float | None:
    state = State(thing)
    return share_of(Mixtures(inflows), {root: 1.0}, [state])[state]


def test_a_run_mixes_by_mass_and_its_outputs_are_alike() -> None:
    inflows = [into(A, RUN, 30), into(B, RUN, 10), out_of(RUN, M, 35), inside(M, P, 20)]
    assert share(inflows, A, M) == 0.75
    assert share(inflows, B, P) == 0.25
    back = shares_in(Mixtures(inflows), State(P))
    assert back == {P: 1.0, M: 1.0, RUN: 1.0, A: 0.75, B: 0.25}


def test_without_masses_quantities_of_one_unit_count() -> None:
    crates = [
        Inflow(t.INTO, A, t.LOT, RUN, 0, 0, 3, "XCR", None),
        Inflow(t.INTO, B, t.LOT, RUN, 0, 0, 1, "XCR", None),
    ]
    assert share(crates, A, RUN) == 0.75


def test_units_that_do_not_compare_leave_the_share_unknown() -> None:
    litres = Inflow(t.INTO, B, t.LOT, RUN, 0, 0, 3, "LTR", None)
    inflows = [into(A, RUN, 30), litres, out_of(RUN, M, 35)]
    assert share(inflows, A, M) is None
    assert shares_in(Mixtures(inflows), State(M))[A] is None
    assert shares_in(Mixtures(inflows), State(M))[RUN] == 1


def test_parts_that_are_all_of_the_root_need_no_masses() -> None:
    inflows = [into(A, RUN, None), out_of(RUN, M, None), inside(M, P, None), inside(A, P, None)]
    assert share(inflows, A, P) == 1


def test_a_container_holds_what_is_in_it_in_the_window() -> None:
    inflows = [inside(A, P, 10, (0, 9)), inside(B, P, 30, (5, 20)), inside(M, P, 7, (30, 40))]
    mixtures = Mixtures(inflows)
    states = [State(P, 0, 0), State(P, 6, 6), State(P, 10, 20), State(P, 30, 30)]
    assert list(share_of(mixtures, {A: 1.0}, states).values()) == [1, 0.25, 0, 0]
    assert [mixtures.mass_mg(state) for state in states] == [10, 40, 30, 7]


def test_containers_weigh_what_is_in_them() -> None:
    inflows = [
        inside(A, P, 10),
        inside(B, Q, 30),
        inside(P, M, None, form=t.ITSELF),
        inside(Q, M, None, form=t.ITSELF),
    ]
    assert share(inflows, A, M) == 0.25
    assert Mixtures(inflows).mass_mg(State(M)) == 40


def test_a_lot_that_was_named_before_its_run_is_not_counted_twice() -> None:
    inflows = [made(M, 40), into(A, RUN, 40), out_of(RUN, M, 40)]
    assert Mixtures(inflows).mass_mg(State(M)) == 40
    assert share(inflows, A, M) == 1


def test_circles_end() -> None:
    inflows = [
        into(A, RUN, 90),
        into(M, RUN, 10),
        out_of(RUN, M, 100),
        inside(P, Q, 1, form=t.ITSELF),
        inside(Q, P, 1, form=t.ITSELF),
    ]
    assert share(inflows, A, M) == 1
    assert share(inflows, A, RUN) == 1
    assert share(inflows, A, P) == 0
    assert shares_in(Mixtures(inflows), State(P))[P] == 1


@given(
    masses=st.lists(st.integers(1, 10**9), min_size=1, max_size=8),
    outputs=st.lists(st.integers(1, 10**9), min_size=1, max_size=4),
)
def test_shares_of_all_sources_add_up_to_one(masses: list[int], outputs: list[int]) -> None:
    run, pallet = 100, 200
    inflows = [into(number, run, mass) for number, mass in enumerate(masses, 1)]
    for number, mass in enumerate(outputs, 101):
        inflows += [out_of(run, number, mass), inside(number, pallet, mass)]
    mixtures = Mixtures(inflows)
    sources = range(1, len(masses) + 1)
    back = shares_in(mixtures, State(pallet))
    assert abs(sum(back[source] or 0 for source in sources) - 1) < 1e-9
    for source in sources:
        forward = share_of(mixtures, {source: 1.0}, [State(pallet)])[State(pallet)]
        assert abs((forward or 0) - (back[source] or 0)) < 1e-9


def test_a_chain_of_any_length_is_no_trouble() -> None:
    inflows = [out_of(number, number + 1, 1) for number in range(1, 5000)]
    assert share(inflows, 1, 5000) == 1
    assert len(shares_in(Mixtures(inflows), State(5000))) == 5000
