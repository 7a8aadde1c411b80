/* Front of the describe room: samples and frames in, named features out.
 *
 * A feature is one file on the shelf features/: it defines one nd_feature_ops
 * and is found by its file's name. The worker runs the wanted features in the
 * order of their needs and sends the description back over a pipe.
 */
#ifndef ND_DESCRIBE_DESCRIBE_H
#define ND_DESCRIBE_DESCRIBE_H

#include "decode/decode.h"
#include "needledrop/media.h"

/* ---- clips and windows
 * ------------------------------------------------------- */

enum { ND_WINDOW_CLIPS = 7, ND_FRAMES_PER_CLIP = 4, ND_MUSIC_RATE_HZ = 16000 };
#define ND_CLIP_S 4.0

/** Number of 4-s clips: none for 2 s or less; a remainder of 2 s or less is
 *  dropped, a longer one is a clip (padded by who reads it).
 *  @param length_s  >= 0
 *  Source: models.md 1.2 (published code); deviation: no limit of 7. */
int nd_clip_count(double length_s);

/** The same rule for pictures at one a second: none for 2 frames or less, a
 *  remainder of 2 or less dropped, of 3 a clip whose last frame is repeated. */
int nd_clip_count_frames(int64_t n_frames);

/** Which clip stands at place k of a window that starts at `first`, when the
 *  item has n clips: music loops, video repeats its last clip.
 *  @param k  0 .. ND_WINDOW_CLIPS - 1;  n >= 1;  0 <= first < n */
int nd_window_clip(nd_medium medium, int n, int first, int k);

/** Windows of an item: 1 for n <= 7, else one at every clip up to n - 7. */
int nd_window_count(int n_clips);

/** Raised whenever a default feature comes, goes or gives other values: a library then
 *  analyses its tracks anew at the next index. */
enum { ND_ANALYSIS_VERSION = 2 };

/* ---- descriptions
 * ---------------------------------------------------------------- */

struct nd_description {
    nd_media_info info;
    nd_medium medium;
    bool is_cut;
    double analysed_s; /* the length that the arrays cover; clips are counted in it */
    nd_array *arrays;  /* owned, data too */
    size_t n_arrays, capacity;
};

/** Add an array of zeros.
 *  @param dims  [n_dims]; @param name  unique in d, under 32 bytes
 *  @return it, borrowed until the next add; NULL: out of memory. */
nd_array *nd_description_add(nd_description *d, const char *name, nd_dtype dtype, int n_dims,
                             const int64_t *dims);

/** Add a scalar or a vector of floats, copied. @return 0 or ND_ENOMEM. */
int nd_description_add_scalar(nd_description *d, const char *name, double x);
int nd_description_add_f32(nd_description *d, const char *name, const float *x, int64_t n);
int nd_description_add_i32(nd_description *d, const char *name, const int32_t *x, int64_t n);

/** The value of a scalar or of element 0; `missing` when absent or empty. */
double nd_description_scalar(const nd_description *d, const char *name, double missing);

/** The same as a whole number, cut towards 0 and into the range of int: a worker that was
 *  taken over may send 1e30. */
int nd_description_int(const nd_description *d, const char *name, int missing);

/** A vector of f32: its values borrowed, its length in *n_out (first dim); NULL
 *  and 0 when absent or of another type. nd_description_i32 likewise. */
const float *nd_description_f32(const nd_description *d, const char *name, int64_t *n_out);
const int32_t *nd_description_i32(const nd_description *d, const char *name, int64_t *n_out);

/** The bytes that travel over the pipe and lie in a library, and back.
 *  nd_description_read checks every size against n: hostile bytes give
 *  ND_EFORMAT, never a read out of bounds. *out untouched on failure. */
int nd_description_write(nd_bytes *out, const nd_description *d);
int nd_description_read(nd_description **out, const uint8_t *data, size_t n, nd_diag *diag);

/* ---- features: the shelf
 * ------------------------------------------------------------ */

/** What a music feature reads. */
typedef struct nd_music_input {
    const nd_samples *samples; /* at the feature's rate_hz, of its n_channels */
} nd_music_input;

/** What a video feature reads before its first frame. */
typedef struct nd_video_input {
    const nd_media_info *info;
} nd_video_input;

typedef struct nd_feature_ops {
    const char *name;    /* the file's name */
    const char *summary; /* one line for people */
    const char *paper;   /* where the method comes from */
    nd_medium medium;
    bool is_default;           /* computed unless features are named */
    const char *const *arrays; /* what it adds, always all of them, NULL last */
    const char *const *needs;  /* optional: features that run before, NULL last */

    /* Music: read the samples and the arrays of `needs`, add arrays to d.
     * @return 0 or a negative code with its story in diag. */
    int (*hear)(nd_description *d, const nd_music_input *in, nd_diag *diag);
    bool wants_loudness; /* samples come with EBU R128 loudness */
    int rate_hz;         /* of its samples; 0: ND_MUSIC_RATE_HZ. One rate a run */
    int n_channels;      /* of its samples: 1 or 2; 0: 1. One number a run */

    /* Video: one state a file, zeroed before start; frames of one series. */
    nd_frame_spec frames; /* what to decode for it */
    size_t state_bytes;
    int (*start)(void *state, const nd_video_input *in, nd_diag *diag); /* optional */
    int (*see)(void *state, const nd_frame *frame, nd_diag *diag);
    int (*finish)(void *state, nd_description *d, nd_diag *diag);
    void (*stop)(void *state); /* optional: frees; after finish or a failure */
} nd_feature_ops;

/** Numbers in the array `statistics` of the feature of that name. */
enum { ND_STATISTICS = 1140 };

/** Every feature of this build, NULL last: written by tools/make-shelf. */
extern const nd_feature_ops *const nd_feature_shelf[];

/** @return the feature of that name, NULL when there is none. */
const nd_feature_ops *nd_feature_find(const char *name);

/** Run features (with what they need) over an open file, in this process: the
 *  worker's whole work.
 *  @param features  as nd_describe_params
 *  @return as nd_describe_file, but for the worker's own failures. */
int nd_describe_media(nd_description **out, nd_media *m, nd_medium medium, const char *features,
                      double start_s, double length_s, nd_diag *diag);

/** Run one music feature and its needs on samples at hand (tests, benches). */
int nd_describe_samples(nd_description **out, const nd_samples *samples, const char *features,
                        nd_diag *diag);

/* ---- spectra, shared by features
 * -------------------------------------------------------- */

/** Real FFT of n points over libavutil's av_tx. Threads: distinct objects. */
typedef struct nd_rfft nd_rfft;
int nd_rfft_create(nd_rfft **out, int n); /* n: power of two; 0 or ND_ENOMEM */
void nd_rfft_destroy(nd_rfft **fft);
/** power_out [n / 2 + 1] = |X|^2 of in [n]. Allocates: no. */
void nd_rfft_power(nd_rfft *fft, float *power_out, const float *in);

/** bins_out [n / 2 + 1, 2] = X of in [n], real and imaginary part. Allocates: no. */
void nd_rfft_bins(nd_rfft *fft, float *bins_out, const float *in);

/** Back: out [n] of bins [n / 2 + 1, 2], so that of nd_rfft_bins it is what went in. The imaginary
 *  parts of the first and the last are not read. Allocates: no.
 *  @param fft  of nd_rfft_create_inverse (n as nd_rfft_create; 0 or ND_ENOMEM) */
int nd_rfft_create_inverse(nd_rfft **out, int n);
void nd_rfft_invert(nd_rfft *fft, float *out, const float *bins);

/** The same in double precision, for bands near a floor beside loud ones. */
int nd_rfft_create_wide(nd_rfft **out, int n);
void nd_rfft_power_wide(nd_rfft *fft, float *power_out, const double *in);

#endif
