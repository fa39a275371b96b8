from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.kv_cache import DecodeSlots, PrefillSlots
from service.engine.sampling_params import SamplingParams
from service.engine.sequence import Request, Sequence

PROMPT_ROW = 99


def sequence() -> Sequence:
    return Request("r", (1, 2, 3), SamplingParams()).sequences[0]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7)), max_size=60))
def test_rows_stay_together_and_every_row_keeps_its_content(moves: list[tuple[bool, int]]) -> None:
    slots, memory = DecodeSlots(8), dict[int, Sequence]()
    present: list[Sequence] = []
    for joins, which in moves:
        if joins and slots.num_free:
            present.append(sequence())
            slots.join(present[-1], PROMPT_ROW)
            newest = present[-1]
        elif present:
            slots.free(present.pop(which % len(present)))
        rows, copies = slots.compact()
        for copy in copies:
            memory[copy.target] = newest if copy.source == PROMPT_ROW else memory[copy.source]
        assert [memory[i] for i in range(len(rows))] == rows
        assert set(rows) == set(present)
        assert slots.num_free == 8 - len(present)


def test_nothing_is_copied_while_nobody_leaves() -> None:
    slots = DecodeSlots(4)
    for _ in range(3):
        slots.join(sequence(), PROMPT_ROW)
    assert [(c.source, c.target, c.length) for c in slots.compact()[1]] == [
        (PROMPT_ROW, 0, 3),
        (PROMPT_ROW, 1, 3),
        (PROMPT_ROW, 2, 3),
    ]
    assert slots.compact()[1] == []


def test_who_joins_takes_the_hole() -> None:
    slots = DecodeSlots(4)
    first, second, third = sequence(), sequence(), sequence()
    for one in (first, second):
        slots.join(one, PROMPT_ROW)
    slots.compact()
    slots.free(first)
    slots.join(third, PROMPT_ROW)
    rows, copies = slots.compact()
    assert rows == [third, second]
    assert [copy.target for copy in copies] == [0]


def test_one_who_joined_and_left_before_the_step_takes_no_row() -> None:
    slots = DecodeSlots(1)
    one = sequence()
    slots.join(one, PROMPT_ROW)
    slots.free(one)
    assert slots.num_free == 1
    assert slots.compact() == ([], [])


def test_a_prefix_is_found_in_the_row_that_holds_it() -> None:
    slots = PrefillSlots(8, 2)
    slot, held = slots.acquire((1, 2))
    slots.commit(slot, (1, 2))
    assert held == 0
    assert slots.acquire((1, 2)) == (slot, 2)
    assert (slots.num_hits, slots.num_misses) == (1, 1)


def test_the_prefix_longest_unused_goes_first() -> None:
    slots = PrefillSlots(0, 2)
    for prefix in [(1,), (2,), (1,), (3,)]:
        slots.commit(slots.acquire(prefix)[0], prefix)
    assert slots.acquire((1,))[1] == 1
    assert slots.acquire((2,))[1] == 0


@pytest.mark.parametrize("prefix", [(), (5,)])
def test_an_unfinished_prefix_is_not_found(prefix: tuple[int, ...]) -> None:
    slots = PrefillSlots(0, 1)
    slots.acquire(prefix)
    assert slots.acquire(prefix)[1] == 0


def test_after_a_fault_no_prefix_is_trusted() -> None:
    slots = PrefillSlots(0, 1)
    slots.commit(slots.acquire((1,))[0], (1,))
    slots.forget()
    assert slots.acquire((1,))[1] == 0
