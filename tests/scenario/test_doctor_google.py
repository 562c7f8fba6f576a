"""Doctor on a BigQuery that refuses: each right, place and refusal has a sentence with what to do, and nothing is changed."""

import pytest
from product import Product, quiet_config
from scripted_google import ScriptedGoogle, refusal

WRITE = "bigquery.tables.updateData"
ALTER = "bigquery.tables.update"
DENIED = refusal(403, "accessDenied", "Access Denied: Dataset p:d: Permission bigquery.tables.create denied on dataset p:d")


class Cloud(Product):
    google = None

    def block(self, **more):
        self.configure(warehouse={"type": "bigquery", "project": "p", "dataset": "d", **more})

    def environment(self):
        return {**super().environment(), "BIGQUERY_EMULATOR_HOST": self.google.url}

    def found(self, code):
        """id -> [(subject, sentence)] of doctor's findings."""
        ids = {}
        for finding in self.json("doctor", code=code)["findings"]:
            ids.setdefault(finding["id"], []).append((finding["subject"], finding["sentence"]))
        changing = [r for r in self.google.requests if r[0] != "GET" and not r[1].endswith((":testIamPermissions", "/queries"))]
        assert not changing and all(r[2]["dryRun"] for r in self.google.requests if r[1].endswith("/queries"))
        return ids


@pytest.fixture
def cloud(start_sandbox, leadferry_binary, tmp_path):
    cloud = Cloud(start_sandbox(config=quiet_config()), leadferry_binary, tmp_path)
    cloud.google = ScriptedGoogle()
    cloud.block()
    yield cloud
    cloud.google.stop()


GOOGLE = {"google_right_missing", "dataset_missing", "location_wrong", "billing_off", "google_refused", "warehouse_unusable"}


def test_all_is_there(cloud):
    assert not GOOGLE & set(cloud.found(code=78))  # the tables are missing, and nothing else
    asked = {path.split("/")[-1] for _, path, _ in cloud.google.requests if path.endswith(":testIamPermissions")}
    assert len(asked) == 12


def test_each_right(cloud):
    cloud.google.denied = {"project": True, "leads": [WRITE], "lead_state": ["bigquery.tables.getData"], "pipeline_runs": [ALTER]}
    told = dict(cloud.found(code=78)["google_right_missing"])
    assert "gcloud projects add-iam-policy-binding p --member=MEMBER --role=roles/bigquery.jobUser" in told["p"]
    assert f"{WRITE} is missing on the table d.leads, and jobs need it" in told["d.leads"]
    assert "bq add-iam-policy-binding --member=MEMBER --role=roles/bigquery.dataEditor p:d.leads" in told["d.leads"]
    assert "--role=roles/bigquery.dataViewer p:d.lead_state" in told["d.lead_state"]
    assert f"{ALTER} is missing on the table d.pipeline_runs" in told["d.pipeline_runs"] and len(told) == 4


def test_the_right_to_make_tables(cloud):
    """Asked once for a dataset, and only where a table is missing, by a dry run of what would make it."""
    cloud.google.refused = {"CREATE TABLE": DENIED}
    assert "google_right_missing" not in cloud.found(code=78)
    cloud.google.missing = {"leads", "lead_events", "controls"}
    told = cloud.found(code=78)["google_right_missing"]
    assert [subject for subject, _ in told] == ["d"]
    assert "bigquery.tables.create is missing on the dataset d" in told[0][1]
    assert "'GRANT `roles/bigquery.dataEditor` ON SCHEMA `p`.`d` TO" in told[0][1]
    cloud.block(ops_dataset="ops")
    assert [subject for subject, _ in cloud.found(code=78)["google_right_missing"]] == ["d", "ops"]
    cloud.google.refused = {}
    assert "google_right_missing" not in cloud.found(code=78)


def test_columns_that_are_missing_need_the_right_to_alter(cloud):
    """A table of the user's is altered by `schema apply` alone, and only where it lacks a column."""
    cloud.google.denied, cloud.google.sources = {"leads": [ALTER]}, {"leads": ["lead_id", "email"]}
    assert f"{ALTER} is missing" in dict(cloud.found(code=78)["google_right_missing"])["d.leads"]
    cloud.configure(warehouse={"type": "bigquery", "project": "p", "dataset": "d"}, source={"write_back": False})
    assert "google_right_missing" not in cloud.found(code=78)


def test_a_view_whose_tables_cannot_be_read(cloud):
    cloud.google.sources, cloud.google.kind = {"leads": ["lead_id", "email"]}, "VIEW"
    cloud.google.refused = {"FROM `p`.`d`.`leads`": refusal(403, "accessDenied", "Access Denied: Table p:crm.contacts")}
    cloud.configure(warehouse={"type": "bigquery", "project": "p", "dataset": "d"}, source={"write_back": False})
    told = dict(cloud.found(code=78)["google_right_missing"])
    assert "The view d.leads cannot be read" in told["leads"] and "authorize the view" in told["leads"]


def test_a_source_that_is_only_read_needs_no_right_to_write(cloud):
    cloud.google.denied = {"leads": [WRITE]}
    cloud.configure(warehouse={"type": "bigquery", "project": "p", "dataset": "d"}, source={"write_back": False})
    assert "google_right_missing" not in cloud.found(code=78)


def test_rights_on_the_tables_alone_are_enough(cloud):
    """Doctor is the only one who looks at the dataset; what follows is asked all the same."""
    cloud.google.answers = {("GET", "datasets/d"): refusal(403, "accessDenied", "Access Denied: Dataset p:d")}
    assert "google_right_missing" not in cloud.found(code=78)
    cloud.google.denied = {"lead_state": [WRITE]}
    assert [subject for subject, _ in cloud.found(code=78)["google_right_missing"]] == ["d.lead_state"]


def test_locations(cloud):
    cloud.google.location = {"d": "EU", "ops": "US"}
    cloud.block(ops_dataset="ops", location="europe-west3")
    told = dict(cloud.found(code=78)["location_wrong"])
    assert "warehouse.location says europe-west3: set it to" in told["warehouse.location"]
    assert "d is in EU and ops in US" in told["warehouse.ops_dataset"]


@pytest.mark.parametrize("end, said, code, finding, words", [
    ("datasets/d", refusal(404, "notFound", "Not found: Dataset p:d"), 78, "dataset_missing", "`bq mk --dataset p:d` makes it"),
    ("datasets/d", refusal(403, "accessDenied", "Access Denied: Dataset p:d"), 78, "dataset_unseen", "Access Denied"),
    ("/queries", refusal(403, "billingNotEnabled", "Billing has not been enabled"), 78, "billing_off", "billing"),
    ("/queries", refusal(401, "authError", "Invalid Credentials"), 4, "google_refused", "401"),
    ("/queries", refusal(400, "invalid", "Invalid project ID 'p'"), 1, "warehouse_unusable", "Invalid project"),
])
def test_refusals(cloud, end, said, code, finding, words):
    cloud.google.answers = {("GET" if "datasets" in end else "POST", end): said}
    told = cloud.found(code=(1, 4, 78) if code == 1 else (code, 78))
    assert any(words in sentence for _, sentence in told[finding]), told


def test_which_credentials_are_missing(cloud):
    cloud.google.url = ""
    cloud.configure(warehouse={"type": "bigquery", "project": "p", "dataset": "d", "credentials_file": "none.json"})
    assert "none.json" in cloud.found(code=(4, 78))["google_refused"][0][1]
