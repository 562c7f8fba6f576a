"""What goes wrong in the middle of an export over BigQuery and is not over at once: the sentence, the exit code, and that the
next run brings it to its end."""

import pytest

SCATTERED = "SELECT COUNT(*) FROM leads WHERE added_to_instantly"
EVENTS, BATCHES = "tabledata.insertAll:lead_events", 4
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("export")]


@pytest.fixture
def world(world_of_job):
    world = world_of_job("export")
    world.reset()
    return world


def meets(world, *rules):
    """The export that meets these; then they are lifted."""
    world.cloud.faults(*rules)
    done = world.run()
    assert world.cloud.fired()
    world.cloud.faults()
    return done


def refused(call, reason, message, code=403, skip=0):
    return {"call": call, "fault": "status", "skip": skip, "params": {"code": code, "reason": reason, "message": message}}


def written_n(world):
    return world.rows(SCATTERED)[0][0]


@pytest.mark.parametrize("batch", range(0, 2 * BATCHES, 3))
def test_revoked_between_two_batches(world, batch):
    """The account is disabled while an export sends: it ends with 4 and says what to look at; nobody is sent twice after."""
    done = meets(world, {"call": EVENTS, "fault": "revoked", "skip": batch, "count": 1})
    assert done.returncode == 4 and "account" in done.stderr, done
    world.finish()
    world.check()


def test_tokens_end_all_the_time(world):
    """Every token is refused once it was used a while, and each is good for a second more: the export minds neither."""
    world.cloud.control("settings", {"token_s": 226})
    done = meets(world, *({"call": call, "fault": "expired", "skip": 1, "count": 1}
                          for call in (EVENTS, "jobs.query:claims_read", "jobs.insert:fold_gather")))
    assert done.returncode == 0 and world.cloud.control("requests")["tokens"] > 3, done
    world.check()


@pytest.mark.xdist_group("sync")
def test_a_token_ends_with_outcomes_on_their_way(world_of_job):
    """The outcomes of a sync are refused for their token: one new token, the request again, and each outcome is there once."""
    world = world_of_job("sync")
    world.reset()
    tokens_n = world.cloud.control("requests")["tokens"]
    done = meets(world, {"call": EVENTS, "fault": "expired", "count": 1})
    asked = world.cloud.control("requests")
    answers = [request["status"] for request in asked["requests"] if request["call"] == EVENTS]
    assert done.returncode == 0 and asked["tokens"] - tokens_n == 2, done  # the first, and the one that replaced it
    assert answers[:2] == [401, 200] and answers.count(401) == 1, answers
    assert world.rows("SELECT event_id FROM lead_events GROUP BY event_id HAVING COUNT(*) > 1") == []
    world.check()


@pytest.mark.parametrize("batch", range(1, 2 * BATCHES, 3))
def test_quota_between_two_batches(world, batch):
    """The quota of streamed rows is used up while an export sends: 5, and the next run settles and goes on."""
    done = meets(world, refused(EVENTS, "quotaExceeded", "Quota exceeded: Your project exceeded quota for streaming", skip=batch))
    assert done.returncode == 5 and "quota" in done.stderr, done
    world.finish()
    world.check()


@pytest.mark.parametrize("call", ("jobs.insert:lease_take", "jobs.insert:fold_gather", "tabledata.insertAll:pipeline_runs"))
def test_no_billing(world, call):
    """A project without billing runs neither DML nor streaming: 78 with that sentence, before anybody is sent."""
    message = "Access Denied: BigQuery BigQuery: Streaming insert is not allowed in the free tier"
    done = meets(world, refused(call, "accessDenied", message))
    assert done.returncode == 78 and "without billing BigQuery runs neither DML nor streaming" in done.stderr, done
    assert world.sandbox.totals()["created_by_api"] == 0
    world.finish()
    world.check()


def test_young_rows_are_left_alone(world):
    """Guarantee 32. Rows of `leads` that were streamed a moment ago: their columns are written by a later run, without a
    question that BigQuery would refuse."""
    world.cloud.control("settings", {"buffer_age_s": 3600})
    assert world.run().returncode == 0
    assert written_n(world) == 0
    world.cloud.control("settings", {"buffer_age_s": -1})
    world.finish()
    world.check()
    assert written_n(world) > 0


def test_write_back_refused_for_young_rows(world):
    """A row that was streamed after we looked: BigQuery refuses the whole write-back, the run is good, the next one writes."""
    message = "UPDATE or DELETE statement over table test.d.leads would affect rows in the streaming buffer, which is not supported"
    done = meets(world, {"call": "jobs.insert:changes_gather", "fault": "job_failed",
                         "params": {"reason": "invalidQuery", "message": message, "statements": 1}})
    assert done.returncode == 0 and "streaming buffer" in done.stderr, done
    assert written_n(world) == 0
    world.finish()
    world.check()


def test_small_pages(world):
    """One row a page, a page without rows first, and every job asked for twice before it has ended: nobody is left out."""
    world.cloud.control("settings", {"page_rows": 1, "empty_pages": True, "polls": 1})
    assert world.run().returncode == 0
    world.check()


@pytest.mark.parametrize("is_dropping", (False, True))
def test_each_row_streamed_twice(world, is_dropping):
    """Every request of streamed rows is done and its answer lost, so that it goes again: with and without BigQuery's help
    against rows that come twice."""
    world.cloud.control("settings", {"dropping": is_dropping})
    world.cloud.faults(*({"call": "tabledata.insertAll:*", "fault": "status_after", "skip": 2 * n + 1, "count": 1}
                         for n in range(BATCHES)))
    assert world.run().returncode == 0
    assert world.cloud.fired() >= BATCHES
    twice = world.rows("SELECT event_id FROM lead_events GROUP BY event_id HAVING COUNT(*) > 1")
    assert is_dropping == (not twice)
    world.check()


def test_what_was_billed_is_recorded(world):
    """10 MB for each job, as the relay bills it."""
    assert world.run().returncode == 0
    billed = world.rows("SELECT MAX(bytes_billed) FROM pipeline_runs")[0][0]
    assert billed > 0 and billed % 10485760 == 0, billed


def test_an_error_row_that_was_streamed_twice_is_one(user):
    """As where the answer to it was lost: it counts once, for the next row as in `status`."""
    user.import_people(1)
    for n in range(2):
        user.sandbox.fault("POST /api/v2/leads/list", "status", count=1, params={"code": 402})
        user.run("sync", "--full", code=4)
        user.query("INSERT INTO d.pipeline_errors SELECT * FROM d.pipeline_errors")
        assert user.json("errors", "list")["errors"][0]["retry_count"] == n
    assert user.json("status")["errors"] == {"plan_refused": 2}
