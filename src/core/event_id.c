#include "core/event_id.h"

#include "base/text.h"

#include <string.h>

static void put_int(GString *out, int64_t value)
{
  g_string_append_printf(out, "i%" G_GINT64_FORMAT ",", value);
}

static void put_text(GString *out, const char *text)
{
  if (!text) {
    g_string_append(out, "n,");
    return;
  }
  g_string_append_printf(out, "s%zu:", strlen(text));
  g_string_append(out, text);
  g_string_append_c(out, ',');
}

void event_id(const struct lead_event *event, char id[EVENT_ID_CHARS + 1])
{
  g_autoptr(GString) text = g_string_sized_new(512);
  put_int(text, event->kind);
  put_int(text, event->fact);
  put_text(text, event->reason);
  put_text(text, event->lead_id);
  put_text(text, event->person);
  put_text(text, event->campaign_id);
  put_text(text, event->instantly_id);
  put_text(text, event->claim_id);
  put_text(text, event->batch_id);
  put_int(text, event->ord);
  put_int(text, event->ord_to);
  put_text(text, event->body_hash);
  put_int(text, event->attempt);
  put_int(text, event->generation);
  put_int(text, event->occurred_at_us);
  put_text(text, event->detail);

  uint8_t digest[SHA256_BYTES];
  sha256(text->str, text->len, digest);
  g_autofree char *hex = hex_encode(digest, sizeof digest);
  g_strlcpy(id, hex, EVENT_ID_CHARS + 1);
}
