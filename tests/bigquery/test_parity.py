"""Scenario tests that SQLite has, over BigQuery: the same function, another `warehouse:` block."""

import pytest
import test_adopt
import test_campaigns
import test_escrow
import test_guarantee
import test_late_replies
import test_lost_ledger
import test_stop_hits
import test_stops
import test_unlisting
import test_verify


def escrowed(world):
    world.configure(campaigns=[{"id": world.campaign, "escrow": True}])
    return world


def four_exported(world):
    world.import_people(4)
    world.run("export", code=0)
    return world


def of_one_company(world):
    world.import_rows(*test_stop_hits.PEOPLE, ("OTHER", "ann@example.com"))
    world.run("export", code=0)
    return world


def ann_and_bob(world):
    world.import_rows(("L1", test_unlisting.ANN), ("L2", "bob@example.com"))
    return world


def mailed(world):
    return test_stops.mailed.__wrapped__(world)


# (how its world begins, the test); what is not here opens the SQLite file itself or says nothing more about a warehouse.
STORIES = [
    *((None, test) for test in (
        test_lost_ledger.test_an_empty_ledger_is_refused_and_rebuilt,
        test_lost_ledger.test_a_rebuilt_ledger_goes_on,
        test_lost_ledger.test_rebuilding_twice_is_rebuilding_once,
        test_lost_ledger.test_nobody_is_sent_to_another_campaign,
        test_lost_ledger.test_an_older_backup_is_seen_before_anybody_is_claimed,
        test_lost_ledger.test_a_person_known_by_another_lead_is_not_sent_again,
    )),
    (escrowed, test_escrow.test_a_person_lets_it_run_and_pauses_it_later),
    (four_exported, test_late_replies.test_a_reply_sixty_days_after_removal_is_a_stop),
    (None, test_guarantee.test_a_lead_moved_into_a_list_while_its_answer_is_open),
    (of_one_company, test_stop_hits.test_a_mistyped_domain_takes_nobody_out_until_the_number_is_said),
    (ann_and_bob, test_unlisting.test_a_person_is_freed_by_the_sync_before_the_release),
    (mailed, test_stops.test_an_answer_elsewhere_ends_our_sequence),
    (None, test_stops.test_a_stopped_domain_and_a_tagged_address),
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


def test_a_bootstrap_that_dies_half_way_is_met_and_goes_on(world):
    """Only some of the rows came home, and the last of them without its claim: the next export refuses, nobody is added twice,
    and the same command again brings the rest."""
    world.import_people(6)
    world.run("export", code=0)
    world.lose()
    world.import_people(7)
    assert world.json("export", "--bootstrap")["brought_home"] == 6
    ids = [row[0] for row in world.sql("SELECT instantly_id FROM lead_events WHERE kind = 3 ORDER BY instantly_id")]
    world.sql("DELETE FROM lead_state WHERE TRUE")
    world.sql("DELETE FROM lead_events WHERE kind NOT IN (1, 3)")
    world.sql("DELETE FROM lead_events WHERE kind = 1 AND IFNULL(reason, '') <> 'bootstrap'")
    world.sql("DELETE FROM lead_events WHERE kind = 3 AND instantly_id > ?", ids[2])
    kept = "SELECT lead_id FROM d.lead_events WHERE kind = 3 AND instantly_id < ?"
    world.sql(f"DELETE FROM lead_events WHERE kind = 1 AND lead_id NOT IN ({kept})", ids[2])
    calls = world.creating_calls()
    assert "--bootstrap" in world.run("export", code=6).stderr
    assert world.creating_calls() == calls
    assert world.json("export", "--bootstrap")["brought_home"] == 4 + 1  # and L006, which the lost export had added
    assert {world.shown(f"L{i:03d}")["state"]["phase"] for i in range(7)} == {"added"}
    world.sandbox.advance(days=40)
    world.run("sync", "--full", code=0)
    assert world.json("complete")["removed"] == 7  # all are ours by their stamps
    assert world.sandbox.totals()["created_twice"] == 0


def test_what_was_bent_in_the_dataset(world):
    """All at once: each is found, and none hides another."""
    test_verify.exported(world)
    for statement in test_verify.BENT.values():
        world.sql(statement)
    assert set(test_verify.BENT) <= set(test_verify.found(world))
