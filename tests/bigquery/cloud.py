"""A user whose leads are in BigQuery, and that user's own tools beside leadferry."""

from dataset import Cloud, post


class OwnCloud(Cloud):
    """What the user does in BigQuery by other tools goes past leadferry."""

    def ask(self, path, body=None):
        return post(f"http://{self.emulator}/bigquery/v2/projects/test/{path}", body)

    def table(self, name):
        """What BigQuery says of a table."""
        return self.ask(f"datasets/d/tables/{name}")

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
