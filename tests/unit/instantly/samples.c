#include "samples.h"

const struct claim sample_claims[2] = {
    {.ord = 1,
     .generation = 1,
     .run_id = "r",
     .campaign_id = CAMPAIGN,
     .person = "ann.lee@example.com",
     .lead = {.lead_id = "1",
              .email = " Ann.Lee@Example.com\t",
              .first_name = "Ann \"A\"",
              .last_name = "",
              .company_name = NULL,
              .fields = "{\"site\":\"https://example.com\",\"size\":12,\"ratio\":0.5,\"vip\":true,\"none\":null,"
                        "\"list\":[1],\"title\":\"CTO\"}"}},
    {.ord = 2,
     .generation = 3,
     .run_id = "r",
     .campaign_id = CAMPAIGN,
     .person = "bob@example.com",
     .lead = {.lead_id = "2", .email = "bob@example.com"}},
};

void sample_batch(struct add_batch *batch, size_t claims_n)
{
  add_batch_init(batch, CAMPAIGN);
  for (size_t i = 0; i < claims_n; i++) {
    g_ptr_array_add(batch->claims, (gpointer)&sample_claims[i]);
  }
}
