#include "core/lead.h"
