#pragma once
/* What each fuzz target defines. libFuzzer calls it with inputs of its own making, replay.c with the seeds; a broken
 * promise ends the process by a failed assertion. The bytes lie in a block of exactly size, so that a sanitizer sees
 * each byte read beyond it. */
#include <stddef.h>
#include <stdint.h>

/* Tries one input; always returns 0. The name is libFuzzer's. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
