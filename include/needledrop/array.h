/* A named array of numbers: the one shape in which features travel. */
#ifndef NEEDLEDROP_ARRAY_H
#define NEEDLEDROP_ARRAY_H

#include "needledrop/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nd_dtype { ND_F32 = 1, ND_I32 = 2, ND_U8 = 3 } nd_dtype;

enum { ND_ARRAY_MAX_DIMS = 4, ND_ARRAY_NAME_BYTES = 32 };

/** Row-major values; the product of dims[0 .. n_dims) is their number. */
typedef struct nd_array {
    char name[ND_ARRAY_NAME_BYTES];
    nd_dtype dtype;
    int n_dims; /* 0 (a scalar) .. ND_ARRAY_MAX_DIMS */
    int64_t dims[ND_ARRAY_MAX_DIMS];
    union {
        void *data;
        float *f32;
        int32_t *i32;
        uint8_t *u8;
    };
} nd_array;

/** @return bytes of one value: 4, 4 or 1; 0 for an unknown dtype. */
ND_API size_t nd_dtype_bytes(nd_dtype dtype);

/** @return "f32", "i32", "u8"; "" for an unknown dtype. */
ND_API const char *nd_dtype_name(nd_dtype dtype);

/** @return number of values: the product of the dims (1 for a scalar);
 *  -1 when a dim is negative, n_dims is out of range or the bytes overflow. */
ND_API int64_t nd_array_count(const nd_array *a);

/** Free the values and zero the array: for one whose values are its own, as of
 *  nd_array_read_npy. NULL and a zeroed one are fine. Threads: distinct arrays. */
ND_API void nd_array_deinit(nd_array *a);

/** Write as NumPy .npy version 1.0, through a temporary file that is renamed.
 *  @return 0; ND_EIO or ND_EFULL (the old file, if any, is untouched).
 *  Threads: distinct paths. Cost: one write. */
ND_API int nd_array_write_npy(const nd_array *a, const char *path, nd_diag *diag);

/** Read a NumPy .npy file of version 1, 2 or 3: f4, i4 and u1 as they are, f2
 *  and f8 as f32, i8 as i32, bool as u8 (0 or 1); little endian, row-major.
 *  @param out   its values are the caller's: nd_array_deinit. Its name is the
 *     file's without folder and ".npy", cut to fit
 *  @param path  a file of 4 GB at most
 *  @return 0; ND_EIO; ND_EFORMAT (no .npy file; a key that is missing, strange
 *     or there twice; more or fewer bytes than the shape says; rows without
 *     values, [n, 0]); ND_EUNSUPPORTED (another type, big endian, columns first,
 *     over 4 dims); ND_ELIMIT (a value outside f32 or i32; a header over 64 KB;
 *     a file over 4 GB); ND_ENOMEM. *out untouched then.
 *  Threads: safe. Cost: one read; memory for the file and for the array. */
ND_API int nd_array_read_npy(nd_array *out, const char *path, nd_diag *diag);

#ifdef __cplusplus
}
#endif
#endif
