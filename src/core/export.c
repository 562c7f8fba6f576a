#include "core/export.h"
