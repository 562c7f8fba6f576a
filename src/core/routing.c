#include "core/routing.h"
