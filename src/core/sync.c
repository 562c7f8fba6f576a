#include "core/sync.h"
