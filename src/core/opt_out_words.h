#pragma once
/* The words of opt_out.c, as its keys are made (small letters and digits alone). Each list ends with a NULL. */

extern const char *const opt_out_never[];          /* headers that sound like it and are none */
extern const char *const opt_out_channels[];       /* parts of headers that are about something else than e-mail */
extern const char *const opt_out_fillers[];        /* what a header may have before and behind the words that count */
extern const char *const opt_out_flags[];          /* headers of yes and no, without fillers */
extern const char *const opt_out_details[];        /* ends of headers that tell when or why */
extern const char *const opt_out_filled[];         /* headers of which anything means yes */
extern const char *const opt_out_bounces[];        /* headers of hard bounces */
extern const char *const opt_out_statuses[];       /* headers of statuses, without fillers */
extern const char *const opt_out_stems[];          /* parts that make a header, or a status, speak of opting out */
extern const char *const opt_out_yes[];            /* values */
extern const char *const opt_out_no[];             /* values, "empty" in other words among them */
extern const char *const opt_out_status_yes[];     /* beginnings of statuses that are an opt-out */
extern const char *const opt_out_status_bounced[]; /* beginnings of statuses that are a hard bounce */
