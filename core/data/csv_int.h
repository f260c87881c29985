/* core/data/csv_int.h - what the parts of the CSV reader know of each other. */
#ifndef NAS_CORE_DATA_CSV_INT_H
#define NAS_CORE_DATA_CSV_INT_H

#include "core/data/csv.h"

char nas_csv_delimiter(const nas_csv *c);

#endif
