#pragma once
/* Does a name or URL lead to this machine alone? Decided here and nowhere else: on it hangs where a key may travel in
 * clear, and whose clock is compared with ours.
 *
 * Loopback is `localhost`, any address of 127.0.0.0/8 in its full form, and ::1. A name that merely looks like one
 * (127.evil.example, localhost.evil.example) is somebody else's; so are short forms such as 127.1, which readers
 * understand differently. */
#include <glib.h>
#include <stdbool.h>

/* host: a name or an address, an IPv6 one with or without its brackets; NULL and "" are not loopback. */
bool host_is_loopback(const char *host);
/* The host of a URL; what is no URL is not loopback. */
bool url_is_loopback(const char *url);
