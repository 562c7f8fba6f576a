#pragma once
/* The state file: a whole world in one file, so that a demonstration can be stopped and taken up again.
 *
 * It is written by this program for this program: raw records behind a header that names the version and the sizes of
 * the records; a file of another version is refused. Pointers become indexes. Effects that are still to come are run
 * before saving. The logs of requests and activities, jobs, faults and the wire clock are not kept. Writing goes to a
 * temporary file that is renamed over the old one. */
#include "world.h"

/* Saves the world. ERROR_LOCAL when it cannot be written. */
bool state_save(struct world *world, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Fills a world that world_new_empty() made. ERROR_CORRUPT when the file is damaged or of another version. */
bool state_load(struct world *world, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
