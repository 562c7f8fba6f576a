"""What a CRM's export says about who does not want mail: stopped before anybody of the file can be claimed, on whatever
words the CRM uses; and where it is not understood, nothing of the file is taken."""

import pytest

from product import Product, quiet_config

ANN, BOB = "ann@acme.example.org", "bob@acme.example.org"

# Header and two rows, as those programs write them. Ann opted out (Mailchimp's list of who left: both did).
EXPORTS = {
    "hubspot": (
        "Record ID - Contact,First Name,Email,Marketing contact status,Unsubscribed from all email,Email hard bounce reason\n"
        f"1,Ann,{ANN},Marketing contact,true,\n2,Bob,{BOB},Non-marketing contact,,Unknown user\n",
        {ANN: "unsubscribed", BOB: "bounced"},
    ),
    "salesforce": (
        '"Id","FirstName","Email","HasOptedOutOfEmail","EmailBouncedReason","DoNotCall"\n'
        f'"0036F00002abcDE","Ann","{ANN}","1","","0"\n"0036F00002abcdE","Bob","{BOB}","0","","1"\n',
        {ANN: "unsubscribed"},
    ),
    "zoho": (
        "Record Id,First Name,Email,Email Opt Out,Unsubscribed Mode,Unsubscribed Time\n"
        f"zcrm_1,Ann,{ANN},false,Manual,2026-02-01 00:00:00\nzcrm_2,Bob,{BOB},false,,\n",
        {ANN: "unsubscribed"},
    ),
    "pipedrive": (
        "Person - ID,Person - First name,Person - Email - Work,Person - Marketing status\n"
        f"1001,Ann,{ANN},Unsubscribed\n1002,Bob,{BOB},No consent\n",
        {ANN: "unsubscribed"},
    ),
    "mailchimp": (
        '"Email Address","First Name",OPTIN_TIME,UNSUB_TIME,UNSUB_REASON\n'
        f'{ANN},Ann,"2026-01-01 10:00:00","2026-02-01 10:00:00",NORMAL\n{BOB},Bob,"2026-01-01 10:00:00","2026-02-02 10:00:00",\n',
        {ANN: "unsubscribed", BOB: "unsubscribed"},
    ),
    "apollo": (
        f"Contact Id,First Name,Email,Stage,Email Bounced\na1,Ann,{ANN},Do Not Contact,false\na2,Bob,{BOB},Cold,true\n",
        {ANN: "unsubscribed", BOB: "bounced"},
    ),
    "outreach": (
        "Prospect ID,First Name,Email,Opted Out,Opted Out At,Call Opted Out\n"
        f"1,Ann,{ANN},Yes,2026-02-01T10:00:00Z,No\n2,Bob,{BOB},No,,Yes\n",
        {ANN: "unsubscribed"},
    ),
    "by hand": (f"id,Email,Do not contact\n1,{ANN},x\n2,{BOB},\n", {ANN: "unsubscribed"}),
    "nobody": (f"id,Email,Subscribed,Email opt in\n1,{ANN},false,0\n2,{BOB},,\n", {}),
}


@pytest.fixture
def world(start_sandbox, leadferry_binary, tmp_path):
    return Product(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)


def stops(world):
    return dict(world.sql("SELECT person, reason FROM suppressions WHERE source = 'import' AND revoked_at IS NULL"))


def write(world, text):
    (world.folder / "crm.csv").write_text(text)


@pytest.mark.parametrize("crm", EXPORTS)
def test_whoever_opted_out_is_stopped(world, crm):
    text, expected = EXPORTS[crm]
    write(world, text)
    planned = world.json("import", "crm.csv", "--dry-run")
    done = world.json("import", "crm.csv", "--yes")
    assert stops(world) == expected
    assert planned["opted_out"] + planned["bounced"] == done["opted_out"] + done["bounced"] == len(expected)
    assert done["new"] == 2 and done["newly_stopped"] == len(expected)
    # a second time changes nothing
    assert world.json("import", "crm.csv", "--yes")["newly_stopped"] == 0


def test_they_are_not_mailed_and_a_bounce_is_not_pushed(world):
    write(world, EXPORTS["hubspot"][0] + "3,Cid,cid@acme.example.org,,,\n")
    world.run("import", "crm.csv", "--yes")
    assert world.json("export")["added"] == 1
    world.run("sync")
    bounced, unsubscribed = world.sql("SELECT reason, expires_at IS NULL, pushed_at FROM suppressions ORDER BY reason")
    assert bounced[:2] == ("bounced", 0) and bounced[2] is None
    assert unsubscribed[:2] == ("unsubscribed", 1)


def test_a_rejected_row_stops_its_person_too(world):
    write(world, f"id,Email,Opted Out\n1,{ANN},no\n1,{ANN},yes\n")
    assert world.json("import", "crm.csv", "--yes", "--map", "lead_id=id", code=3)["rejected"] == 1
    assert stops(world) == {ANN: "unsubscribed"}


NOT_UNDERSTOOD = {
    "a value": f"id,Email,Opted Out\n1,{ANN},\n2,{BOB},perhaps\n",
    "a column": f"id,Email,Newsletter unsubscribed\n1,{ANN},no\n2,{BOB},yes\n",
    "a status": f"id,Email,Lead status\n1,{ANN},new\n2,{BOB},not unsubscribed\n",
}


@pytest.mark.parametrize("what", NOT_UNDERSTOOD)
def test_what_is_not_understood_takes_nothing(world, what):
    write(world, NOT_UNDERSTOOD[what])
    refused = world.run("import", "crm.csv", "--yes", "--json")
    assert refused.returncode == 2, refused.stderr
    assert "line 3" in refused.stderr and "--map opt_out=" in refused.stderr and "--ignore-column" in refused.stderr
    assert "perhaps" not in refused.stderr
    assert not world.db.exists()


def test_the_two_ways_out(world):
    write(world, f"id,Email,Newsletter unsubscribed,Note: state\n1,{ANN},no,Left\n2,{BOB},yes,New\n")
    assert world.run("import", "crm.csv", "--yes", "--ignore-column", "Newsletter unsubscribed").returncode == 2  # no reason
    unknown = world.run("import", "crm.csv", "--yes", "--ignore-column", "Newsleter unsubscribed", "--reason", "x")
    assert unknown.returncode == 2 and "did you mean" in unknown.stderr
    done = world.run("import", "crm.csv", "--yes", "--ignore-column", "newsletter unsubscribed", "--reason", "a topic only",
                     "--map", "opt_out=Note: state:gone,left")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert stops(world) == {ANN: "unsubscribed"}
    done = world.run("import", "crm.csv", "--yes", "--map", "opt_out=Newsletter unsubscribed")
    assert done.returncode == 0, done.stderr
    assert stops(world) == {ANN: "unsubscribed", BOB: "unsubscribed"}
    assert world.run("import", "crm.csv", "--yes", "--map", "opt_out=").returncode == 2
