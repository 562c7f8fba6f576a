#include "core/eligibility.h"
