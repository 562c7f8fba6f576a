/* The field tables against the official specification: every body field that we may send is a property of that very
 * operation, and every path exists. Skipped with a line where the specification is not at hand. */
#include "base/json.h"
#include "instantly/endpoints.h"

static cJSON *read_specification(void)
{
  const char *shared = g_getenv("LEADFERRY_SHARED");
  bool is_in_build = !shared && g_file_test("build.ninja", G_FILE_TEST_EXISTS);
  if (!shared) shared = is_in_build ? "../../shared" : "../shared";
  g_autofree char *path = g_build_filename(shared, "data", "instantly-api-v2-openapi.json", NULL);
  g_autofree char *text = NULL;
  gsize length = 0;
  if (!g_file_get_contents(path, &text, &length, NULL)) return NULL;
  cJSON *tree = cJSON_ParseWithLength(text, length);
  g_assert_nonnull(tree);
  return tree;
}

static const cJSON *operation_of(const cJSON *specification, const struct endpoint *endpoint)
{
  g_autofree char *method = g_ascii_strdown(endpoint->method, -1);
  return json_get(json_get(json_get(specification, "paths"), endpoint->route), method);
}

static const cJSON *properties_of(const cJSON *operation)
{
  const cJSON *content = json_get(json_get(operation, "requestBody"), "content");
  return json_get(json_get(json_get(content, "application/json"), "schema"), "properties");
}

static void check_endpoint(const cJSON *specification, const struct endpoint *endpoint)
{
  const cJSON *operation = operation_of(specification, endpoint);
  if (!operation) g_error("the specification has no %s %s", endpoint->method, endpoint->route);
  for (size_t i = 0; i < endpoint->fields_n; i++) {
    if (endpoint->fields[i].type == FIELD_MEMBERS) continue;
    bool is_known = json_get(properties_of(operation), endpoint->fields[i].name) != NULL;
    if (!is_known) g_error("%s %s has no field %s", endpoint->method, endpoint->route, endpoint->fields[i].name);
  }
}

static void test_fields(void)
{
  g_autoptr(cJSON) specification = read_specification();
  if (!specification) {
    g_test_skip("no ../shared/data/instantly-api-v2-openapi.json (LEADFERRY_SHARED)");
    return;
  }
  for (int i = 0; i < ENDPOINTS_N; i++) {
    check_endpoint(specification, endpoint_of((enum endpoint_id)i));
  }
}

int main(int argc, char **argv)
{
  g_test_init(&argc, &argv, NULL);
  g_test_add_func("/instantly/contract/fields", test_fields);
  return g_test_run();
}
