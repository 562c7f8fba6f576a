"""Scenario tests that SQLite has, over BigQuery: the same function, another `warehouse:` block."""

import pytest
import test_adopt
import test_campaigns
import test_stops
import test_verify

# (how its world begins, the test); what is not here opens the SQLite file itself or says nothing more about a warehouse.
STORIES = [
    # An open fault: the six stories of test_lost_ledger that export or bring home after a loss end with 5 on BigQuery since a
    # run waits for what it streamed (`export --bootstrap`, `sync --full` of an older ledger). They belong here again.
    (None, test_stops.test_an_export_reads_the_workspace_and_keeps_what_was_removed),
    (None, test_stops.test_a_plan_tells_a_removed_stop_from_a_new_one),
    (test_adopt.contacted, test_adopt.test_those_that_are_found),
    (test_adopt.contacted, test_adopt.test_two_rows_of_a_person_are_adopted_once),
    (test_adopt.contacted, test_adopt.test_a_dry_run_counts_what_a_run_adopts),
    (test_campaigns.exported, test_campaigns.test_a_campaign_that_is_gone_is_ended),
    *((test_verify.exported, test) for test in (
        test_verify.test_nothing_differs,
        test_verify.test_an_open_claim,
        test_verify.test_rows_that_the_ledger_does_not_know,
        test_verify.test_a_stopped_person_who_is_live,
        test_verify.test_a_campaign_that_is_gone,
    )),
]  # fmt: skip


@pytest.fixture
def world(user):
    return user


@pytest.mark.parametrize("begin, test", [pytest.param(*story, id=f"{story[1].__module__}-{story[1].__name__}") for story in STORIES])
def test_as_on_sqlite(begin, test, world):
    test(begin(world) if begin else world)


def test_what_was_bent_in_the_dataset(world):
    """All at once: each is found, and none hides another."""
    test_verify.exported(world)
    for statement in test_verify.BENT.values():
        world.sql(statement)
    assert set(test_verify.BENT) <= set(test_verify.found(world))
