#include "jobs.h"

#include "handlers.h"
#include "render.h"

#include <string.h>

struct job *job_new(struct world *world, const char *type, const char *entity_type, const struct uuid *entity)
{
  struct job *job = g_new0(struct job, 1);
  struct uuid id = world_uuid(world);
  g_snprintf(job->id, sizeof job->id, "%08x%016" G_GINT64_MODIFIER "x", (guint)(world->now_ms / SECOND_MS), id.lo);
  job->type = type;
  job->entity_type = entity_type;
  job->has_entity = entity != NULL;
  if (entity != NULL) job->entity = *entity;
  job->status = "pending";
  job->created_ms = job->updated_ms = world->now_ms;
  job->started_wire_us = world_wire_us(world);
  g_ptr_array_add(world->jobs, job);
  return job;
}

void job_finish(struct world *world, struct job *job)
{
  job->status = "success";
  job->progress = 100;
  job->updated_ms = world->now_ms;
}

void job_free(gpointer data)
{
  struct job *job = data;
  if (job->moved_emails != NULL) g_ptr_array_free(job->moved_emails, TRUE);
  g_free(job);
}

static void job_progress(const struct world *world, struct job *job)
{
  int64_t half_s = MAX(world->config->job_s / 2, 1);
  if (strcmp(job->status, "pending") != 0) return;
  if (!world_is_past(world, job->created_ms + half_s * SECOND_MS, job->started_wire_us + half_s * 1000000)) return;
  job->status = "in-progress";
  job->progress = 50;
  job->updated_ms = world->now_ms;
}

static void moved_append(const struct job *job, GString *out)
{
  json_append_key(out, "data");
  g_string_append(out, "{\"moved_lead_emails\":[");
  for (guint i = 0; i < job->moved_emails->len; i++) {
    if (i > 0) g_string_append_c(out, ',');
    json_append_string(out, job->moved_emails->pdata[i]);
  }
  g_string_append_c(out, ']');
  json_append_int(out, "moved_leads", job->moved_n);
  g_string_append_c(out, '}');
}

void job_append(const struct world *world, struct job *job, GString *out)
{
  job_progress(world, job);
  g_string_append_c(out, '{');
  json_append_str(out, "id", job->id);
  render_uuid(out, "workspace_id", &world->organization);
  render_uuid(out, "user_id", &world->owner);
  json_append_str(out, "type", job->type);
  json_append_str(out, "entity_type", job->entity_type);
  render_uuid(out, "entity_id", job->has_entity ? &job->entity : NULL);
  json_append_str(out, "status", job->status);
  json_append_int(out, "progress", job->progress);
  render_time(out, "created_at", job->created_ms);
  render_time(out, "updated_at", job->updated_ms);
  if (job->moved_emails != NULL && job->progress == 100) moved_append(job, out);
  g_string_append_c(out, '}');
}

static bool csv_has(const char *csv, const char *word)
{
  if (csv == NULL) return true;
  g_auto(GStrv) words = g_strsplit(csv, ",", -1);
  return g_strv_contains((const char *const *)words, word);
}

static bool job_is_wanted(const struct request *request, const struct job *job)
{
  char entity[UUID_TEXT_BYTES];
  const char *type = request_query(request, "type");
  const char *entity_id = request_query(request, "entity_id");
  const char *entity_type = request_query(request, "entity_type");
  const char *excluded = request_query(request, "excluded_ids");
  uuid_format(&job->entity, entity);
  if (type != NULL && strcmp(type, job->type) != 0) return false;
  if (entity_type != NULL && strcmp(entity_type, job->entity_type) != 0) return false;
  if (entity_id != NULL && g_ascii_strcasecmp(entity_id, entity) != 0) return false;
  if (excluded != NULL && csv_has(excluded, job->id)) return false;
  return csv_has(request_query(request, "status"), job->status) && csv_has(request_query(request, "ids"), job->id) &&
         csv_has(request_query(request, "included_ids"), job->id);
}

void jobs_list_handle(struct world *world, const struct request *request, struct reply *reply)
{
  struct page page;
  int64_t shown_n = 0;
  const char *last = NULL;
  bool is_on = false;
  if (!request_page(world, request, &page, reply)) return;
  bool is_ascending = g_strcmp0(request_query(request, "sort_order"), "asc") == 0;
  g_string_append(reply->body, "{\"items\":[");
  for (guint i = 0; i < world->jobs->len && !page.is_empty; i++) {
    struct job *job = world->jobs->pdata[is_ascending ? i : world->jobs->len - 1 - i];
    job_progress(world, job);
    bool was_on = is_on || page.after == NULL;
    is_on = was_on || strcmp(job->id, page.after) == 0;
    if (!was_on || !job_is_wanted(request, job)) continue;
    if (shown_n == page.limit) break;
    if (shown_n++ > 0) g_string_append_c(reply->body, ',');
    job_append(world, job, reply->body);
    last = job->id;
  }
  g_string_append_c(reply->body, ']');
  if (shown_n == page.limit) json_append_str(reply->body, "next_starting_after", last);
  g_string_append_c(reply->body, '}');
}

void job_get_handle(struct world *world, const struct request *request, struct reply *reply)
{
  for (guint i = 0; i < world->jobs->len; i++) {
    struct job *job = world->jobs->pdata[i];
    if (strcmp(job->id, request_param(request, 0)) != 0) continue;
    job_append(world, job, reply->body);
    return;
  }
  reply_not_found(reply);
}
