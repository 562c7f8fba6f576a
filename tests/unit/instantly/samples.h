#pragma once
/* Claims and batches for the tests of the Instantly client. */
#include "core/ports.h"

#define CAMPAIGN "019ffad2-9c4c-7079-b87c-ef3272fbbda1"
#define OTHER    "019ffad2-9c4c-7079-b87c-ef3272fbbda2"
#define ID_A     "019ffad2-53a1-7acf-9ae0-404312bc000a"
#define ID_B     "019ffad2-53a1-7acf-9ae0-404312bc000b"

/* Two claims of run "r": Ann.Lee@Example.com as ord 1, bob@example.com as ord 2. */
extern const struct claim sample_claims[2];

/* A batch of the first claims_n sample claims into CAMPAIGN. */
void sample_batch(struct add_batch *batch, size_t claims_n);
