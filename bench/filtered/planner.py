"""What query_filtered takes of PostgreSQL to find a way: the gate, the estimate, keys and probes of the predicate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.filtered import contenders

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.filtered.collection import Collection
    from bench.filtered.predicates import Predicate

# Where so many rows pass, a search is a plain one and a little more.
MANY = 0.1
# All that a plain search does not have; what encodes, calls and decodes, it has too.
_STEPS = ("_candidate_type", "_estimated_candidates", "_candidate_keys", "_passing", "_next_move")
# A step that was not taken has no time.
_SPENT = """
select count(distinct p.oid), coalesce(sum(f.total_time), 0)
from pg_proc as p left join pg_stat_user_functions as f on f.funcid = p.oid
where p.pronamespace = 's3vl'::regnamespace and p.proname = any (%s)
"""


def milliseconds(collection: Collection, predicates: Sequence[Predicate], top_k: int) -> float:
    """Return the mean over these questions, as PostgreSQL counts the time in functions."""
    collection.stage.let_track_functions()
    contender = contenders.query_filtered(collection, ["track_functions = 'pl'"])
    # The first plans of a session are not those of the next.
    contender.ask(predicates[0], 0, top_k)
    before = _spent(contender)
    for question, predicate in enumerate(predicates):
        contender.ask(predicate, question, top_k)
    return round((_spent(contender) - before) / len(predicates), 2)


def _spent(contender: contenders.Contender) -> float:
    contender.owner.execute("select pg_stat_force_next_flush()")
    row = contender.owner.execute(_SPENT, [list(_STEPS)]).fetchone()
    assert row is not None  # noqa: S101 - an aggregate
    there, spent = row
    if there != len(_STEPS):
        raise RuntimeError(f"query_filtered has other steps now than {', '.join(_STEPS)}")
    return float(spent)
