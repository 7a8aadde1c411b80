/* The feature cache's bytes (docs/cache.md). Little endian; structures lie at multiples of 8 in the
 * index, arrays at multiples of 64 in the data. */
#ifndef ND_LEARN_CACHE_FORMAT_H
#define ND_LEARN_CACHE_FORMAT_H

#include "learn/cache.h"

enum { ND_CACHE_VERSION = 1, ND_CACHE_ALIGN = 64, ND_CACHE_MAX_ARRAYS = 64 };

#define ND_CACHE_INDEX_NAME  "features.index"
#define ND_CACHE_DATA_NAME   "features.data"
#define ND_CACHE_INDEX_MAGIC "NDINDEX"
#define ND_CACHE_DATA_MAGIC  "NDFEATS"

/** The first bytes of both files. */
typedef struct nd_cache_file_head {
    char magic[8];
    uint32_t version;
    uint32_t byte_order; /* ND_CACHE_BYTE_ORDER as the writer's machine has it */
    uint64_t zero[5];
    uint64_t checksum; /* XXH3 of the bytes before */
} nd_cache_file_head;

#define ND_CACHE_BYTE_ORDER  0x01020304u
#define ND_CACHE_ENTRY_MAGIC 0x3145444Eu /* "NDE1" */

typedef enum nd_cache_kind {
    ND_CACHE_SETTINGS = 1,
    ND_CACHE_FEATURES = 2,
    ND_CACHE_FAILURE = 3
} nd_cache_kind;

/** Before each entry of the index; n_bytes of body come after, a multiple of 8. */
typedef struct nd_cache_entry_head {
    uint32_t magic;
    uint32_t kind;
    uint64_t n_bytes;
    uint64_t body_checksum;
    uint64_t checksum; /* of the bytes before */
} nd_cache_entry_head;

/** The body: this, the arrays, then two texts, each ended by NUL, zeros up to a multiple of 8.
 *  Settings: name is the settings, and arrays and reason are empty. */
typedef struct nd_cache_body {
    uint32_t medium;
    uint32_t n_arrays;
    uint32_t n_name, n_reason; /* bytes, with their NUL */
    int64_t size_bytes, mtime_ns;
    uint64_t hash;
    double analysed_s;
    uint32_t is_cut;
    int32_t code;
} nd_cache_body;

typedef struct nd_cache_array {
    char name[ND_ARRAY_NAME_BYTES];
    uint32_t dtype, encoding;
    uint32_t n_dims, zero;
    int64_t dims[ND_ARRAY_MAX_DIMS];
    uint64_t offset, n_bytes; /* in the data */
    uint64_t checksum;
} nd_cache_array;

/** What an index says. Pointers into its bytes. */
typedef struct nd_cache_list {
    nd_cache_item *items; /* features in order, then failures in order; owned */
    int n_items, n_failures;
    const char *settings[ND_VIDEO + 1]; /* NULL: none */
    size_t n_good;                      /* bytes up to the end of the last whole entry */
    uint64_t data_end;                  /* where the last array of any entry ends */
} nd_cache_list;

/** Parse an index that nobody vouches for; the last entry of a name and medium counts. Offsets
 *  are not compared with the data: nd__cache_item_fits.
 *  @param bytes  at a multiple of 8; kept by reference
 *  @return 0; ND_EFORMAT, ND_EVERSION, ND_ENOMEM. *out untouched. */
int nd__cache_list_parse(nd_cache_list *out, const uint8_t *bytes, size_t n, nd_diag *diag);
void nd__cache_list_deinit(nd_cache_list *list);

/** Clips that every array of clips has; 0 where there is no such array. */
int nd__cache_clip_count(const nd_cache_array *arrays, int n);

/** Whether all arrays of an item lie within n_data bytes. */
bool nd__cache_item_fits(const nd_cache_item *item, size_t n_data);

/** Check the head of the index or of the data; make one.
 *  @param magic  [8]  @return 0; ND_EFORMAT, ND_EVERSION. */
int nd__cache_head_check(const uint8_t *bytes, size_t n, const char *magic, const char *what,
                         nd_diag *diag);
void nd__cache_head_make(nd_cache_file_head *out, const char *magic);

/** XXH3, 64 bits. */
uint64_t nd__cache_checksum(const void *bytes, size_t n);

/** Order of name, then of medium. */
int nd__cache_compare(const char *name_a, nd_medium a, const char *name_b, nd_medium b);

/** Bytes of an array's encoded values; false: its shape, type and encoding do not go together. */
bool nd__cache_array_bytes(size_t *out, const nd_cache_array *a);

#endif
