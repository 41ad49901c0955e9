/* One record of RecordIO-protobuf: aialgs.data.Record. Local.
 *
 * The decoder is our own: the schema has three messages that matter, and it
 * reads packed numbers where they lie, without a block of memory a record,
 * which the general libraries take several of (protobuf-c one for each message
 * and list). It is strict: what it does not know is refused, not passed over,
 * but for fields that the schema does not have. */
#ifndef INGEST_EXAMPLES_RECORD_H
#define INGEST_EXAMPLES_RECORD_H

#include "examples_rows.h"

/* Add the example of the record in [begin, end), whose first byte is number
   `offset` of its file.
   @return COR_OK; COR_EDATA: what, and which byte; COR_EMEMORY */
int example_parse_record(const unsigned char *begin, const unsigned char *end,
                         int64_t offset, example_rows *rows);

#endif
