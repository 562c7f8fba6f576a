#pragma once
/* What a cell of the user's says that stands for TRUE or FALSE. Tables come out of CSV files, where a flag is a word:
 *
 *   TRUE    true, t, yes, y, 1
 *   FALSE   false, f, no, n, 0, nothing but blanks, NULL, the word NULL
 *
 * in any case, bytes 09-0D and 20 trimmed. Any other value is FLAG_WORD_OTHER: nobody knows what it says, so its row
 * counts as contacted, and who exports is told first. SQL for BigQuery has the same words (bigquery_shape.c). */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum flag_word { FLAG_WORD_FALSE, FLAG_WORD_TRUE, FLAG_WORD_OTHER };

/* What text[0..length) says; NULL is FLAG_WORD_FALSE. */
enum flag_word flag_word_of(const char *text, size_t length);

/* The same without its outer blanks: NULL for NULL, for nothing but blanks and for the word NULL. *length is that of
 * the result, which points into text. */
const char *cell_trim(const char *text, size_t *length);

/* Does a cell hold nothing: NULL, blanks or the word NULL? */
bool cell_is_blank(const char *text);
