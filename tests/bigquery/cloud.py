"""A user whose leads are in BigQuery, and that user's own tools beside leadferry."""

import json
import urllib.error
import urllib.request

import product
from emulated import build_folder

BLOCK = {"type": "bigquery", "project": "test", "dataset": "d"}


class OwnCloud(product.Product):
    """Product over an emulator; what the user does there by other tools goes past leadferry."""

    def __init__(self, sandbox, folder, emulator):
        self.emulator = emulator
        super().__init__(sandbox, build_folder() / "leadferry", folder)

    def configure(self, **sections):
        super().configure(**{"warehouse": BLOCK, **sections})

    def environment(self):
        return {**super().environment(), "BIGQUERY_EMULATOR_HOST": self.emulator}

    def ask(self, path, body):
        request = urllib.request.Request(f"http://{self.emulator}/bigquery/v2/projects/test/{path}",
                                         json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as refusal:
            raise AssertionError(refusal.read().decode()) from refusal

    def table(self, name):
        """What BigQuery says of a table."""
        url = f"http://{self.emulator}/bigquery/v2/projects/test/datasets/d/tables/{name}"
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.load(answer)

    def query(self, text):
        """[(cell, ...)] of a statement: texts, or None."""
        answer = self.ask("queries", {"query": text, "useLegacySql": False})
        return [tuple(cell["v"] for cell in row["f"]) for row in answer.get("rows", [])]

    def make_table(self, name, **types):
        """A table with these columns, by their types."""
        self.ask("datasets/d/tables", {
            "tableReference": {"projectId": "test", "datasetId": "d", "tableId": name},
            "schema": {"fields": [{"name": column, "type": word} for column, word in types.items()]}})

    def make_view(self, name, text):
        self.ask("datasets/d/tables", {
            "tableReference": {"projectId": "test", "datasetId": "d", "tableId": name},
            "view": {"query": text, "useLegacySql": False}})
