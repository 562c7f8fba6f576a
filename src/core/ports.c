#include "core/ports.h"
