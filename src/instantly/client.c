#include "instantly/client.h"
