#include "core/complete.h"
