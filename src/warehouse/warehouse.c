#include "warehouse/warehouse.h"
