#include "core/ratelimit.h"
