"""Doctor against the sandbox: what it finds, what it ends with, and that it changes nothing."""

import json
import os
import subprocess

import pytest


@pytest.fixture
def doctor(leadferry_binary, tmp_path):
    """doctor(sandbox, key=..., campaigns=[...], extra="yaml") -> exit code and the findings."""

    def run(sandbox, key=None, campaigns=(), extra=""):
        (tmp_path / "key").write_text(key or sandbox.api_key)
        (tmp_path / "key").chmod(0o600)
        listed = "".join(f"  - id: {c}\n" for c in campaigns)
        (tmp_path / "leadferry.yaml").write_text(
            f"instantly:\n  base_url: {sandbox.base_url}\n  api_key_file: key\n" + (f"campaigns:\n{listed}" if listed else "") + extra
        )
        own = {k: v for k, v in os.environ.items() if not k.startswith("LEADFERRY_")}
        said = subprocess.run([str(leadferry_binary), "doctor", "--json"], cwd=tmp_path, env=own, capture_output=True, text=True, timeout=120)
        assert sandbox.api_key not in said.stdout + said.stderr
        findings = json.loads(said.stdout)["findings"]
        for finding in findings:
            assert finding["severity"] in ("error", "warning", "info") and finding["sentence"] and finding["fix"]
        return said.returncode, findings

    return run


def ids(findings, severity=None):
    return {f["id"] for f in findings if severity in (None, f["severity"])}


def campaign_in(sandbox, status):
    return next(c["id"] for c in sandbox.campaigns if c.get("status") == status)


def test_only_reads_and_needs_no_tables(doctor, sandbox, tmp_path):
    code, findings = doctor(sandbox, campaigns=[sandbox.campaigns[0]["id"]])
    assert not ids(findings) & {"config_invalid", "instantly_unreachable", "key_refused", "scope_missing", "campaign_missing"}, findings
    assert code == (1 if ids(findings, "error") else 0)
    assert "warehouse_missing" in ids(findings)
    assert not list(tmp_path.glob("*.db*"))
    changing = [r for r in sandbox.requests() if r["method"] not in ("GET", "HEAD") and not r["path"].endswith(("/leads/list",))]
    assert changing == []


def test_wrong_key(doctor, sandbox):
    code, findings = doctor(sandbox, key="wrong-wrong-wrong-wrong", campaigns=[sandbox.campaigns[0]["id"]])
    assert code == 4 and ids(findings, "error") == {"key_refused"}


def test_unknown_campaign(doctor, sandbox):
    unknown = "0190a000-0000-7000-8000-00000000dead"
    code, findings = doctor(sandbox, campaigns=[unknown])
    assert code == 1
    assert [f["subject"] for f in findings if f["id"] == "campaign_missing"] == [unknown]


def test_a_campaign_that_cannot_be_read(doctor, sandbox):
    """Plan and jobs fail with it, so it is an error here as well."""
    campaign = sandbox.campaigns[0]["id"]
    sandbox.faults({"endpoint": "GET /api/v2/campaigns/{id}", "fault": "garbled"})
    code, findings = doctor(sandbox, campaigns=[campaign])
    assert code == 1 and [f["subject"] for f in findings if f["id"] == "campaign_unread"] == [campaign]
    assert "campaign_unread" in ids(findings, "error")
    sandbox.faults({"endpoint": "GET /api/v2/campaigns/{id}/sending-status", "fault": "garbled"})
    code, findings = doctor(sandbox, campaigns=[campaign])
    assert "campaign_unread" not in ids(findings)


def test_merge_tag_without_source(doctor, sandbox):
    answer = sandbox.api("GET", f"/campaigns/{sandbox.campaigns[0]['id']}")
    schedule = answer.json["campaign_schedule"]
    body = {
        "name": "tags",
        "campaign_schedule": schedule,
        "sequences": [{"steps": [{"type": "email", "delay": 1, "variants": [{"subject": "{{Colour}}", "body": "{{firstName}} {{hue|red}}"}]}]}],
    }
    made = sandbox.api("POST", "/campaigns", body)
    if made.status not in (200, 201):
        pytest.skip(f"the sandbox makes no campaigns: {made}")
    _, findings = doctor(sandbox, campaigns=[made.json["id"]])
    sentences = [f["sentence"] for f in findings if f["id"] == "merge_tag_without_source"]
    assert sentences == ["Nothing fills {{Colour}}."]
    assert "campaign_not_fed" in ids(findings)  # a new campaign is a draft


def test_nobody_answers(doctor, start_sandbox):
    gone = start_sandbox()
    gone.stop()
    gone.stop = lambda: 0
    code, findings = doctor(gone, campaigns=[gone.campaigns[0]["id"]])
    assert code == 5 and "instantly_unreachable" in ids(findings)


def test_wrong_configuration_is_a_finding(doctor, sandbox):
    code, findings = doctor(sandbox, extra="exprot: {}\nlogg: {}\n")
    assert code == 78
    assert [f["id"] for f in findings] == ["config_invalid", "config_invalid"]
    assert "did you mean export?" in findings[0]["sentence"]


def test_doubtful_settings(doctor, sandbox):
    _, findings = doctor(sandbox, extra="complete: {outcomes: {no_reply: {grace_days: 3}}}\n")
    assert {"no_campaigns", "grace_short", "removal_disarmed"} <= ids(findings)
