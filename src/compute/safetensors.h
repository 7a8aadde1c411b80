/* Safetensors: the file in which parameters are kept and exchanged.
 *
 *   u64 n (little endian)   JSON [n]   data [..]
 *
 * The JSON is {name: {"dtype", "shape", "data_offsets": [begin, end]}, ..}, and
 * "__metadata__": {text: text}; offsets count from the first byte of data.
 * As the format's own implementation checks it, tensors fill the data without
 * holes and without overlaps. The format does not promise that a tensor is
 * aligned; neither do we.
 */
#ifndef ND_COMPUTE_SAFETENSORS_H
#define ND_COMPUTE_SAFETENSORS_H

#include "base/base.h"

enum { ND_STORED_MAX_DIMS = 8 };

/** Every type of value that is read: its name in the file, bytes of a value. */
#define ND_STORED_DTYPES(X) \
    X(BOOL, 1)              \
    X(U8, 1)                \
    X(I8, 1)                \
    X(I16, 2)               \
    X(U16, 2)               \
    X(F16, 2)               \
    X(BF16, 2)              \
    X(I32, 4)               \
    X(U32, 4)               \
    X(F32, 4)               \
    X(F64, 8)               \
    X(I64, 8)               \
    X(U64, 8)

typedef enum nd_stored_dtype {
    ND_STORED_NONE = 0,
#define ND__ENUM(name, bytes) ND_STORED_##name,
    ND_STORED_DTYPES(ND__ENUM)
#undef ND__ENUM
} nd_stored_dtype;

/** @return "F32" and so on, static; "" for ND_STORED_NONE. Threads: safe. */
const char *nd_stored_dtype_name(nd_stored_dtype dtype);

/** A tensor that lies in an open file; all of it is borrowed from the file. */
typedef struct nd_stored_tensor {
    const char *name; /* valid UTF-8, may be "" */
    nd_stored_dtype dtype;
    int n_dims; /* 0 (a scalar) .. ND_STORED_MAX_DIMS */
    int64_t dims[ND_STORED_MAX_DIMS];
    const uint8_t *data; /* little endian, row-major, aligned to nothing */
    size_t n_bytes;      /* product of the dims * bytes of a value */
} nd_stored_tensor;

/** An open file: read-only, so many threads may read one at once. */
typedef struct nd_safetensors nd_safetensors;

/** Map a file and check all of its header; values are not looked at.
 *  Whoever shortens the file while it is open makes a reader of it crash
 *  (SIGBUS): files are replaced by renaming, as nd_safetensors_write does.
 *  @param out  the open file, to be closed by the caller
 *  @return 0; ND_EIO (cannot be opened, is not a regular file); ND_EFORMAT
 *     (cut short, not JSON, a name twice, a type that there is not, sizes that
 *     disagree, overlaps, holes, bytes left over); ND_EUNSUPPORTED (a float of
 *     8 bits or less, a complex type, over 8 dims); ND_ELIMIT (a header of over
 *     100 MB, which the format forbids); ND_ENOMEM. *out untouched then.
 *  Threads: safe. Cost: O(header log names), no read of the data. */
int nd_safetensors_open(nd_safetensors **out, const char *path, nd_diag *diag);

/** The same on bytes that the caller keeps, unchanged, until the close.
 *  @param name  what messages call it; copied
 *  @return as nd_safetensors_open, without ND_EIO. */
int nd_safetensors_parse(nd_safetensors **out, const void *bytes, size_t n, const char *name,
                         nd_diag *diag);

/** Unmap the file and free all that was borrowed from it; sets *s to NULL. */
void nd_safetensors_close(nd_safetensors **s);

/** Number of tensors. Threads: safe. */
int nd_safetensors_count(const nd_safetensors *s);

/** @param i  0 .. count - 1, in order of the names (strcmp)
 *  @return borrowed until the close. Threads: safe. */
const nd_stored_tensor *nd_safetensors_at(const nd_safetensors *s, int i);

/** @return the tensor of that name, borrowed until the close; NULL when there is
 *  none. Threads: safe. Cost: O(log names). */
const nd_stored_tensor *nd_safetensors_find(const nd_safetensors *s, const char *name);

/** @return a value of "__metadata__", borrowed until the close; NULL when there
 *  is none. Threads: safe. Cost: O(1). */
const char *nd_safetensors_metadata(const nd_safetensors *s, const char *key);

/** Whether a tensor of floats is there, of that shape: before storage for it is asked for.
 *  @return 0; ND_ENOTFOUND, ND_EFORMAT (another shape, not a float). Threads: safe. */
int nd_safetensors_check(const nd_safetensors *s, const char *name, int n_dims, const int64_t *dims,
                         nd_diag *diag);

/** A tensor's values as f32; F16, BF16 and F64 are converted.
 *  @param n_dims  0..8: the shape that is expected; a scalar is not a [1]
 *  @param out  [product of dims], caller's storage
 *  @return 0; ND_ENOTFOUND (no such tensor); ND_EFORMAT (another shape, not a
 *     float, a value that is not finite or over the range of f32). Out is
 *     untouched then, and the message names file, tensor and index.
 *  Threads: distinct outs. Allocates: no. Cost: two passes over the values. */
int nd_safetensors_read_f32(const nd_safetensors *s, const char *name, int n_dims,
                            const int64_t *dims, float *out, nd_diag *diag);

/** A tensor to be written, borrowed; F16 is rounded to the nearest, ties to even. */
typedef struct nd_stored_value {
    const char *name;                 /* valid UTF-8, not "__metadata__", of one value only */
    nd_stored_dtype dtype;            /* how it is kept: ND_STORED_F32 or ND_STORED_F16 */
    int n_dims;                       /* 0..8 */
    int64_t dims[ND_STORED_MAX_DIMS]; /* >= 0 */
    const float *f32;                 /* [product of dims], finite */
} nd_stored_value;

/** A line of "__metadata__", borrowed; both are valid UTF-8. */
typedef struct nd_text_pair {
    const char *key, *value;
} nd_text_pair;

/** Write a file through a temporary one that is synced and renamed, so that
 *  path holds what it held or all of the new bytes. Tensors lie in the order
 *  given, those of F32 before those of F16; data start on 64 bytes, so every
 *  value is aligned. Same arguments, same bytes.
 *  @param items     [n], n >= 0
 *  @param metadata  [n_metadata], may be NULL when n_metadata is 0
 *  @return 0; ND_EARG (a name or key twice, not UTF-8 or "__metadata__"; another
 *     dtype; a shape that is negative or overflows; a value that is not finite);
 *     ND_ELIMIT (a value over the range of F16; a header of over 100 MB);
 *     ND_EIO, ND_EFULL, ND_ENOMEM. The old file is untouched then, except when
 *     path is a device or a pipe, which is written to directly.
 *  Threads: distinct paths. Cost: one pass to check, one write; a header's
 *  memory, none for the values. */
int nd_safetensors_write(const char *path, const nd_stored_value *items, int n,
                         const nd_text_pair *metadata, int n_metadata, nd_diag *diag);

#endif
