"""Two installations over one table of leads: each has a lease of its own, so the table says whose it is."""

from cloud import OwnCloud
from dataset import BLOCK, post


class Second(OwnCloud):
    """Its own tables are in the dataset e, the leads in d."""

    def configure(self, **sections):
        super().configure(**{**sections, "warehouse": {**BLOCK, "ops_dataset": "e"}})


def second_of(user, sandbox, tmp_path, emulator):
    post(f"http://{emulator}/bigquery/v2/projects/test/datasets", {"datasetReference": {"projectId": "test", "datasetId": "e"}})
    folder = tmp_path / "second"
    folder.mkdir()
    second = Second(sandbox, folder, emulator)
    second.run("schema", "apply", code=0)
    return second


def test_a_second_installation_stops(user, sandbox, tmp_path, emulator):
    """Guarantee 17. The first one marks `leads`; the second one ends with 6 and names the first one's dataset, and so does doctor."""
    user.import_people(3)
    second = second_of(user, sandbox, tmp_path, emulator)
    user.run("export", code=0)
    labels = user.table("leads")["labels"]
    assert labels["leadferry_tables"] == "d" and len(labels["leadferry_installation"]) == 16
    added = user.creating_calls()
    for job in ("export", "sync", "complete", "recover"):
        done = second.run(job, code=6)
        assert "dataset d;" in done.stderr and "clear_label" in done.stderr, done
    assert user.creating_calls() == added
    assert "another installation" in second.run("doctor").stdout
    second.run("suppress", "add", "p1@example.com", "--reason", "manual", code=0)
    user.run("export", code=0)


class Elsewhere(OwnCloud):
    """Tables and leads of its own, in the dataset e, over the same workspace."""

    def configure(self, **sections):
        super().configure(**{**sections, "warehouse": {**BLOCK, "dataset": "e"}})


def test_doctor_sees_the_stamps_of_another_dataset(user, sandbox, tmp_path, emulator):
    """Guarantee 17. Nothing marks a workspace but the rows themselves: their stamps name runs that this ledger never had."""
    user.import_people(2)
    user.run("export", code=0)
    assert "other_installation" not in user.run("doctor").stdout
    post(f"http://{emulator}/bigquery/v2/projects/test/datasets", {"datasetReference": {"projectId": "test", "datasetId": "e"}})
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    other = Elsewhere(sandbox, folder, emulator)
    other.run("schema", "apply", code=0)
    done = other.run("doctor", code=6)
    assert "other_installation" in done.stdout and "2 rows of configured campaigns" in done.stdout
    assert "stamp" in other.run("export", code=6).stderr
