#!/usr/bin/env python3
"""Makes N leads, always the same ones: as a CSV file, in the `leads` table of a SQLite warehouse, and as the bodies that
an export of them posts.

    bench/make_leads.py --rows 100000 [--csv FILE] [--sqlite FILE] [--bodies FILE] [--campaign ID ...] [--batch 1000]

The table must exist (`leadferry schema apply`). lead_id is 32 hex digits without order, as ids of a CRM are: the worst
case for every pass over the table. Names, companies and the two custom variables have realistic lengths, some of them
not ASCII. With several campaigns the leads are dealt out in turn. The bodies are in the order in which an export sends
them (campaign, lead_id), with a stamp of the length that leadferry's has.
"""

import argparse
import csv
import hashlib
import json
import sqlite3

FIRST = """Ada Bram Carla Dmitri Élodie Farid Greta Hanno Ines Jürgen Kaya Luca Maren Nils Olga Paweł Quentin Rosa Søren Tomás
Ulla Vikram Wanda Xenia Yusuf Zoë Matthias Alexandra Christopher Maximiliane""".split()
LAST = """Lovelace Novák Dijkstra Okafor Müller Rossi Sørensen Tanaka García Hansen Ivanov Jansson Kowalski Laurent Meyer
Nakamura O'Brien Petrov Quist Ricci Schneider-Albrecht Thorvaldsen Umarov Vandenberghe Weiss Xu Yilmaz Zimmermann""".split()
TRADE = "Logistics Foods Robotics Consulting Textiles Software Optics Energy Packaging Biotech Marine Printing".split()
FORM = "GmbH Ltd SA AB Oy BV Inc SpA".split()
TITLE = ["Head of Operations", "CTO", "Managing Director", "VP Sales", "Plant Manager", "Purchasing Lead"]
CITY = ["Hamburg", "Kraków", "Lyon", "Göteborg", "Rotterdam", "Milano", "Bristol", "Tampere"]
OPENING = [
    "I saw that you are hiring three people for the {city} office, so you probably feel the paperwork growing.",
    "Your talk about lead times in {city} was the most concrete one of the day; thank you for the figures.",
    "A colleague of mine who buys from you said that your team in {city} answers faster than anybody else.",
]
COLUMNS = ["lead_id", "email", "first_name", "last_name", "company_name", "campaign_id", "job_title", "city", "opening_line"]
FIELDS = COLUMNS[6:]
STAMP_RUN = "20261122T120000-0a1b2c3d"


def lead_of(i, campaigns):
    """Row i as a tuple in the order of COLUMNS."""
    digest = hashlib.md5(b"lead %d" % i).digest()
    first, last = FIRST[digest[0] % len(FIRST)], LAST[digest[1] % len(LAST)]
    trade, city = TRADE[digest[2] % len(TRADE)], CITY[digest[3] % len(CITY)]
    company = f"{last} {trade} {FORM[digest[4] % len(FORM)]}"
    email = f"person{i}@{trade.lower()}-{digest[5] * 256 + digest[6]:05d}.example"
    opening = OPENING[digest[7] % len(OPENING)].format(city=city)
    campaign = campaigns[i % len(campaigns)] if campaigns else ""
    return digest.hex(), email, first, last, company, campaign, TITLE[digest[8] % len(TITLE)], city, opening


def write_csv(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(rows)


def write_sqlite(path, rows):
    """Into the tables as leadferry made them; what `leads` has no column for goes to lead_fields."""
    db = sqlite3.connect(path)
    ordered = sorted(rows)
    with db:
        db.executemany(
            f"INSERT INTO leads ({', '.join(COLUMNS[:6])}) VALUES (?, ?, ?, ?, ?, ?)", (row[:6] for row in ordered))  # fmt: skip
        db.executemany(
            "INSERT INTO lead_fields (lead_id, fields) VALUES (?, ?)",
            ((row[0], json.dumps(dict(zip(FIELDS, row[6:], strict=True)), ensure_ascii=False)) for row in ordered))  # fmt: skip
    db.close()


def body_lead(row, ord_):
    return {
        "email": row[1],
        "first_name": row[2],
        "last_name": row[3],
        "company_name": row[4],
        "job_title": row[6],
        "custom_variables": {"city": row[7], "opening_line": row[8], "leadferry": f"1:{STAMP_RUN}.{ord_}"},
    }


def write_bodies(path, rows, batch_n):
    ordered = sorted(rows, key=lambda row: (row[5], row[0]))
    with open(path, "w", encoding="utf-8") as out:
        at = 0
        while at < len(ordered):
            campaign = ordered[at][5]
            batch = []
            while at < len(ordered) and len(batch) < batch_n and ordered[at][5] == campaign:
                batch.append(body_lead(ordered[at], at + 1))
                at += 1
            body = {"campaign_id": campaign, "leads": batch, "skip_if_in_workspace": False, "skip_if_in_campaign": True,
                    "verify_leads_on_import": False}  # fmt: skip
            out.write(json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--csv")
    parser.add_argument("--sqlite")
    parser.add_argument("--bodies")
    parser.add_argument("--campaign", action="append", default=[])
    parser.add_argument("--batch", type=int, default=1000)
    asked = parser.parse_args()
    rows = [lead_of(i, asked.campaign) for i in range(asked.rows)]
    if asked.csv:
        write_csv(asked.csv, rows)
    if asked.sqlite:
        write_sqlite(asked.sqlite, rows)
    if asked.bodies:
        write_bodies(asked.bodies, rows, asked.batch)


if __name__ == "__main__":
    main()
