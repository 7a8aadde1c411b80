/* The feature cache: clips of a corpus's media, decoded once, read memory-mapped.
 *
 * Two files in a folder, described in docs/cache.md: features.index, a log of entries, and
 * features.data, which they point into. Both only grow; who writes holds a lock. */
#ifndef ND_LEARN_CACHE_H
#define ND_LEARN_CACHE_H

#include "describe/describe.h"

/* ---- reading ---------------------------------------------------------------------- */

typedef struct nd_cache nd_cache;

/** Longest name or reason, with its NUL: longer than any path. */
enum { ND_CACHE_MAX_TEXT_BYTES = 1 << 16 };

/** The file that features came from, and how it was then. */
typedef struct nd_cache_source {
    const char *name; /* as the corpus writes it */
    nd_medium medium; /* what it was described as */
    int64_t size_bytes;
    int64_t mtime_ns;
    uint64_t hash; /* nd_file_hash of its content */
} nd_cache_source;

/** One file's features, or why there are none. Borrowed from the cache. */
typedef struct nd_cache_item {
    nd_cache_source source;
    double analysed_s;  /* of media that the features cover */
    bool is_cut;        /* the file is longer */
    int n_clips;        /* that every array of clips has */
    int code;           /* of a failure: ND_E*; else 0 */
    const char *reason; /* of a failure: one line; else "" */
    int64_t n_bytes;    /* that its arrays take in features.data */
    int n_arrays;
    const struct nd_cache_array *arrays; /* cache_format.h */
} nd_cache_item;

/** Map a cache and check every entry of its index: sizes, offsets, names, checksums of entries.
 *  Values are not read: nd_cache_verify does.
 *  @param dir  CORPUS/cache
 *  @return 0; ND_ENOTFOUND (no cache there), ND_EFORMAT (not a cache, or damaged: where),
 *     ND_EVERSION (of a newer build), ND_EIO, ND_ENOMEM. *out untouched.
 *  What a torn last entry held is not there; nothing is written. A cache may be read while it is
 *  extracted into: what came later is not seen. Who shortens the files under a reader makes it
 *  crash (SIGBUS); extract never does.
 *  Threads: all reading below is safe from any number at once. Cost: O(n log n) of the entries. */
int nd_cache_open(nd_cache **out, const char *dir, nd_diag *diag);
void nd_cache_close(nd_cache **cache);

/** Bytes of both files when it was opened. */
int64_t nd_cache_bytes(const nd_cache *cache);

/** Items, in order of name, then of medium: the same at any -j. */
int nd_cache_count(const nd_cache *cache);
const nd_cache_item *nd_cache_at(const nd_cache *cache, int item);

/** @return the item of a file as that medium; -1: none. Cost: O(log n). */
int nd_cache_find(const nd_cache *cache, const char *name, nd_medium medium);

/** Files whose extraction failed, likewise in order; and one of them, NULL: none. */
int nd_cache_failure_count(const nd_cache *cache);
const nd_cache_item *nd_cache_failure_at(const nd_cache *cache, int failure);
const nd_cache_item *nd_cache_find_failure(const nd_cache *cache, const char *name,
                                           nd_medium medium);

/** Lines "KEY VALUE" that say how features of a medium were made; NULL: there are none. */
const char *nd_cache_settings(const nd_cache *cache, nd_medium medium);

/** Shape of an array by its name in docs/features.md.
 *  @param dims  [ND_ARRAY_MAX_DIMS] out
 *  @return number of dims; ND_ENOTFOUND (the item has no such array; dims untouched). */
int nd_cache_shape(const nd_cache *cache, int item, const char *array, int64_t *dims);

/** Decode one clip.
 *  @param out    [T, F] f32: fbank 398 x 80, frames 224 x 896, colour_frames 32 x 768
 *  @param array  as nd_network_feature names it
 *  @param clip   0 .. n_clips - 1
 *  @return 0; ND_ENOTFOUND (no such array), ND_EARG (clip, or no array of clips): out untouched.
 *  Allocates: no. Cost: one read of T * F bytes (twice that as half floats). */
int nd_cache_clip_f32(float *out, const nd_cache *cache, int item, const char *array, int clip);

/** An array that is kept as it is (rhythm, flow, beats, cuts), borrowed from the map.
 *  @param rows_out  its first dim, 1 for a scalar, 0 where it is absent; may be NULL
 *  @return its values, row-major; NULL when it is absent or of another type. Values are as the
 *     worker sent them: check a class before it is an index. */
const float *nd_cache_f32(const nd_cache *cache, int item, const char *array, int64_t *rows_out);
const int32_t *nd_cache_i32(const nd_cache *cache, int item, const char *array, int64_t *rows_out);

/** Compare every array with its checksum.
 *  @param progress  in items; NULL: none
 *  @return 0; ND_EFORMAT (which array of which file), ND_ECANCELLED. Cost: reads it all. */
int nd_cache_verify(const nd_cache *cache, const nd_progress *progress, nd_diag *diag);

/** One number for all features: of names, media, encodings, shapes and checksums of values, in
 *  order of name. The same where the same features are in it, in whatever order they came. */
uint64_t nd_cache_digest(const nd_cache *cache);

/** The same cache over bytes at hand, borrowed until close; index at a multiple of 8: fuzzing. */
int nd__cache_open_bytes(nd_cache **out, const uint8_t *index, size_t n_index, const uint8_t *data,
                         size_t n_data, nd_diag *diag);

/* ---- encoding --------------------------------------------------------------------- */

/** How an array lies in features.data. */
typedef enum nd_cache_encoding {
    ND_CACHE_RAW = 1,  /* as it is */
    ND_CACHE_HALF = 2, /* f32 [C, T, F] as binary16 */
    ND_CACHE_BANDS = 3 /* f32 [C, T, F] as bytes, each clip's columns between their own least and
                          greatest: lo [F] f32, step [F] f32, q [T, F] u8; x = lo + step q */
    ,
    ND_CACHE_BYTE = 4, /* whole numbers 0..255 in f32 [C, T, F]: u8, exact */
    ND_CACHE_UNIT = 5  /* k / 255 in f32 [C, T, F]: u8, exact */
} nd_cache_encoding;

/** @return "raw", "half", "bands", "byte", "unit"; "" for another. */
const char *nd_cache_encoding_name(nd_cache_encoding encoding);

/** Bytes of one clip [T, F], and the clip there and back.
 *  @param out  encode: [nd_cache_clip_bytes], any alignment; decode: [T, F]
 *  Not for ND_CACHE_RAW. Threads: safe. */
size_t nd_cache_clip_bytes(nd_cache_encoding encoding, int64_t T, int64_t F);
void nd_cache_encode_clip(uint8_t *out, nd_cache_encoding encoding, const float *clip, int64_t T,
                          int64_t F);
void nd_cache_decode_clip(float *out, nd_cache_encoding encoding, const uint8_t *bytes, int64_t T,
                          int64_t F);

/** The encoding of an array by its name; half: of fbank too. */
nd_cache_encoding nd_cache_encoding_for(const char *array, bool half);

/** A description as it will lie in the cache. Zeroed is empty. */
typedef struct nd_cache_record {
    nd_bytes payload;
    struct nd_cache_array *arrays; /* [n_arrays], offsets from the payload's start */
    int n_arrays;
    int n_clips; /* that every array of clips has */
    double analysed_s;
    bool is_cut;
} nd_cache_record;

/** Encode all arrays of a description.
 *  @param out  zeroed; nd_cache_record_deinit
 *  @return 0; ND_EFORMAT (an array of clips of another shape than docs/features.md says: which),
 *     ND_ENOMEM. *out untouched. Threads: safe. */
int nd_cache_encode(nd_cache_record *out, const nd_description *d, bool half, nd_diag *diag);
void nd_cache_record_deinit(nd_cache_record *record);

/* ---- writing ---------------------------------------------------------------------- */

typedef struct nd_cache_writer nd_cache_writer;

/** Open a cache to add to it, made where there is none: lock it, cut off a torn end, and list what
 *  lies past the end of the data as failed, to be tried again.
 *  @param dir  made where absent (its parent is not)
 *  @return 0; ND_EBUSY (another process, or writer, has it), ND_EFORMAT (damaged before its end:
 *     nothing is changed), ND_EVERSION, ND_EIO, ND_EFULL, ND_ENOMEM. *out untouched.
 *  Threads: one call at a time a writer. */
int nd_cache_writer_open(nd_cache_writer **out, const char *dir, nd_diag *diag);
void nd_cache_writer_close(nd_cache_writer **w);

/** What was there when it was opened, the writer's. */
const nd_cache *nd_cache_writer_known(const nd_cache_writer *w);

/** Say how features of a medium are made; written where it is the first time.
 *  @param settings  lines "KEY VALUE"
 *  @return 0; ND_EVERSION (the cache has others: the first that differs), ND_EIO, ND_EFULL,
 *     ND_ENOMEM. */
int nd_cache_writer_settings(nd_cache_writer *w, nd_medium medium, const char *settings,
                             nd_diag *diag);

/** Add a file's features; the last of a name and medium counts. The data are synced before the
 *  entry is written: after a kill at any moment all of it is there or none.
 *  @return 0; ND_EARG (the name is empty, or over ND_CACHE_MAX_TEXT_BYTES), ND_EIO, ND_EFULL (what
 *     was there stays, and more may be tried), ND_ENOMEM. */
int nd_cache_writer_put(nd_cache_writer *w, const nd_cache_source *source,
                        const nd_cache_record *record, nd_diag *diag);

/** Add arrays to a known item, none of which it has; those that it has stay where they are. The
 *  source is noted as it is now, as nd_cache_writer_touch does.
 *  @param record  its arrays alone count
 *  @return as nd_cache_writer_put; ND_EARG too where there would be too many arrays. */
int nd_cache_writer_add(nd_cache_writer *w, const nd_cache_item *item,
                        const nd_cache_source *source, const nd_cache_record *record,
                        nd_diag *diag);

/** Note that a file could not be extracted. Errors as nd_cache_writer_put. */
int nd_cache_writer_put_failure(nd_cache_writer *w, const nd_cache_source *source, int code,
                                const char *reason, nd_diag *diag);

/** Note that a known item's source has another time now, and the same content. */
int nd_cache_writer_touch(nd_cache_writer *w, const nd_cache_item *item,
                          const nd_cache_source *source, nd_diag *diag);

#endif
