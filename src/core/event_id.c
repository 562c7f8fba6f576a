#include "core/event_id.h"

#include "base/text.h"

#include <string.h>

G_STATIC_ASSERT(EVENT_DIGEST_BYTES == SHA256_BYTES);

/* Decimal digits without printf, which took most of the time of an event. */
static void put_digits(GString *out, uint64_t value)
{
  char digits[20];
  size_t start = sizeof digits;
  do {
    digits[--start] = (char)('0' + value % 10);
    value /= 10;
  } while (value > 0);
  g_string_append_len(out, digits + start, (gssize)(sizeof digits - start));
}

static void put_int(GString *out, int64_t value)
{
  g_string_append_c(out, 'i');
  if (value < 0) g_string_append_c(out, '-');
  put_digits(out, value < 0 ? -(uint64_t)value : (uint64_t)value);
  g_string_append_c(out, ',');
}

static void put_text(GString *out, const char *text)
{
  if (!text) {
    g_string_append_len(out, "n,", 2);
    return;
  }
  size_t length = strlen(text);
  g_string_append_c(out, 's');
  put_digits(out, length);
  g_string_append_c(out, ':');
  g_string_append_len(out, text, (gssize)length);
  g_string_append_c(out, ',');
}

void event_digest(const struct lead_event *event, uint8_t digest[EVENT_DIGEST_BYTES])
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
  sha256(text->str, text->len, digest);
}

void event_id(const struct lead_event *event, char id[EVENT_ID_CHARS + 1])
{
  uint8_t digest[EVENT_DIGEST_BYTES];
  event_digest(event, digest);
  g_autofree char *hex = hex_encode(digest, sizeof digest);
  g_strlcpy(id, hex, EVENT_ID_CHARS + 1);
}
