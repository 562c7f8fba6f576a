#pragma once
/* A simulated server with two windows, of a second and of a minute, as Instantly has them: it is told when a request
 * comes and says whether it is served or gets a 429. What is refused does not count. */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct rate_server;

/* Makes one that serves so many in a second and so many in a minute. Fixed windows forget at their edge; sliding ones
 * are those of the last second and minute. */
struct rate_server *rate_server_new(int per_second_max, int per_minute_max, bool is_sliding);
/* Frees it; NULL is fine. */
void rate_server_free(struct rate_server *server);
/* True: served; false: 429. Requests come in the order of time. */
bool rate_server_takes(struct rate_server *server, int64_t now_us);
