/* json_parse() alone: a tree or an error. (The fuzz target holds it against json_flat.c, which does not use cJSON.) */
#include "base/error.h"
#include "base/json.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(GError) error = NULL;
  cJSON *tree = json_parse((const char *)data, size, &error);
  g_assert_true((tree == NULL) == (error != NULL));
  cJSON_Delete(tree);
  return 0;
}
