/* Whatever json_parse() accepts can be written and read again, and its getters survive any member. */
#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_all_ways(const cJSON *object, const char *name)
{
  int64_t integer = 0;
  double real = 0;
  bool flag = false;

  (void)json_string(object, name);
  (void)json_array(object, name);
  (void)json_int(object, name, &integer);
  (void)json_real(object, name, &real);
  (void)json_bool(object, name, &flag);
  (void)json_time_us(object, name, &integer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  g_autoptr(cJSON) tree = json_parse((const char *)data, size, NULL);
  if (!tree) return 0;
  const cJSON *member;
  cJSON_ArrayForEach(member, tree)
  {
    read_all_ways(tree, member->string);
  }
  char *written = cJSON_PrintUnformatted(tree);
  g_assert_nonnull(written);
  g_autoptr(cJSON) again = json_parse(written, strlen(written), NULL);
  g_assert_nonnull(again);
  cJSON_free(written);
  return 0;
}
