"""Speaks with the demonstration's sandbox, and tells the story at the end. ./demo runs it in the folder with sandbox.json.

    story.py get base_url | campaigns.0.id      a value of the sandbox's first line
    story.py pass DAYS                          moves the sandbox's clock
    story.py by-hand FILE.csv N                 somebody puts N people of the file into the campaign by hand
    story.py tell STATUS.json                   what happened, from `leadferry status --json` and the sandbox's audit
"""

import csv
import json
import sys
import urllib.request
from pathlib import Path


def sandbox():
    return json.loads(Path("sandbox.json").read_text().splitlines()[0])


def control(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{sandbox()['base_url']}/_sandbox/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def get(path):
    value = sandbox()
    for key in path.split("."):
        value = value[int(key)] if isinstance(value, list) else value[key]
    print(value)


def pass_days(days):
    control("clock", {"advance_s": int(days) * 86400})


def by_hand(path, number):
    with open(path, encoding="utf-8-sig", newline="") as file:
        people = [row for row in csv.DictReader(file)][5 : 5 + int(number)]
    for person in people:
        control("leads/add", {"campaign": sandbox()["campaigns"][0]["id"], "email": person["Email Address"]})


def count(number, one, many):
    return f"{number} {one if number == 1 else many}"


def tell(path):
    status = json.loads(Path(path).read_text())
    audit = control("audit")
    Path("audit.json").write_text(json.dumps(audit, indent=1))
    totals = audit["totals"]
    campaign = status["campaigns"][0]
    outcomes = status["outcomes"]
    left = status["phases"].get("removed", 0)
    never = status["source_rows"] - status["enrolled"]
    lines = [
        f"{status['source_rows']} people came from the CRM export; rows that could not be imported are in crm-export.rejected.csv, with reasons.",
        f"{status['enrolled']} of them are or were in the campaign \"{campaign['name']}\", two of whom somebody had put there by hand;",
        f"  {count(never, 'person was', 'people were')} not taken: Instantly's block list has their domain.",
        f"{totals['mails_sent']} mails went out. {outcomes.get('replied', 0)} people answered, {outcomes.get('bounced', 0)} addresses bounced, "
        f"{outcomes.get('unsubscribed', 0)} unsubscribed, {outcomes.get('skipped', 0)} could not be sent to,",
        f"  {outcomes.get('no_reply', 0)} heard all of it and said nothing.",
        f"{left} have left Instantly again; {status['phases'].get('finished', 0)} stay: those who answered, and those who were not ours.",
        "",
        "The sandbox kept count of what must never happen:",
        f"  created twice {totals['created_twice']}, mailed after a stop {totals['mailed_after_stop']}, "
        f"deleted before the end {totals['deleted_unfinished']}, deleted though not ours {totals['deleted_foreign']}, "
        f"deleted after an answer {totals['deleted_replied']}.",
    ]
    print("\n".join(lines))
    bad = ("created_twice", "mailed_after_stop", "deleted_unfinished", "deleted_foreign", "deleted_replied")
    return any(totals[name] for name in bad)


COMMANDS = {"get": get, "pass": pass_days, "by-hand": by_hand, "tell": tell}

if __name__ == "__main__":
    sys.exit(COMMANDS[sys.argv[1]](*sys.argv[2:]))
