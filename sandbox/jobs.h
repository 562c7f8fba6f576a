#pragma once
/* Background jobs: moving leads, verifying an import. */
#include "world.h"

struct job {
  char id[25]; /* 24 hex digits */
  const char *type;
  const char *entity_type;
  struct uuid entity;
  bool has_entity;
  const char *status;
  int progress;
  int64_t created_ms;
  int64_t updated_ms;
  int64_t started_wire_us;
  GPtrArray *moved_emails; /* owned strings; NULL for jobs that move nothing */
  int64_t moved_n;
};

/* Makes a pending job for an entity (NULL: the workspace). type and entity_type are constants. Borrowed. */
struct job *job_new(struct world *world, const char *type, const char *entity_type, const struct uuid *entity);

/* Marks it done. */
void job_finish(struct world *world, struct job *job);

/* Appends the job as the API shows it: pending, in progress after half of its time, success. */
void job_append(const struct world *world, struct job *job, GString *out);

/* Free function for the array of world.h. */
void job_free(gpointer job);
