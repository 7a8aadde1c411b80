/* What is seen or heard in one media file. */
#ifndef NEEDLEDROP_MEDIA_H
#define NEEDLEDROP_MEDIA_H

#include <stdbool.h>

#include "needledrop/array.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum nd_medium { ND_MUSIC = 1, ND_VIDEO = 2 } nd_medium;

/** What the container says about itself. Texts are valid UTF-8, "" if absent. */
typedef struct nd_media_info {
    double duration_s; /* of the chosen stream; 0 when unknown */
    bool has_audio;
    bool has_video; /* a moving picture: cover art does not count */
    int rate_hz;    /* audio: as stored */
    int n_channels;
    int width, height; /* video: as shown, after rotation and pixel aspect */
    double fps;        /* mean; 0 when unknown */
    int64_t size_bytes;
    char container[32], audio_codec[32], video_codec[32];
    char title[256], artist[256], album[256];
    char genre[128], mood[128], comment[512];
    double tag_bpm; /* tempo claimed by the tags; 0 when absent */
} nd_media_info;

/** One file, described: its info and a set of named feature arrays. */
typedef struct nd_description nd_description;

typedef struct nd_describe_params {
    nd_medium medium;     /* 0: video if it has moving pictures, else music */
    const char *features; /* comma-separated names, "default" for the medium's
                             default set; NULL: "default"; "": info alone, decode nothing */
    double start_s;       /* from here on; times in results count from here */
    double length_s;      /* 0: to the end, at most max_length_s */
    double max_length_s;  /* 0: 1,800; the rest of a longer file is left out
                             and nd_description_is_cut says so */
    double wall_s;        /* 0: 60 + length, less for a small file; the worker is killed then */
    double cpu_s;         /* 0: as wall_s */
    int64_t memory_bytes; /* 0: 2 GiB of address space for the worker */
    const char *worker;   /* program to run; NULL: found beside the program,
                             then where it was installed */
    const nd_log *log;
} nd_describe_params;

/** Decode and analyse one file in a sandboxed worker process.
 *  @param params  NULL for the defaults above
 *  @return 0; ND_EIO (cannot be opened), ND_EFORMAT (not media, or damaged
 *     before the first usable moment), ND_EEMPTY (no stream of that medium),
 *     ND_ELIMIT, ND_ETIMEOUT, ND_ECRASH, ND_EARG (unknown feature). *out
 *     untouched. A file of 2 s or less is described, with no clips.
 *  Threads: safe. Blocks for as long as the analysis takes. */
ND_API int nd_describe_file(nd_description **out, const char *path,
                            const nd_describe_params *params, nd_diag *diag);

ND_API void nd_description_destroy(nd_description **d);

/** @return borrowed; valid as long as d. */
ND_API const nd_media_info *nd_description_info(const nd_description *d);
ND_API nd_medium nd_description_medium(const nd_description *d);

/** @return true where the file was longer than what was analysed. */
ND_API bool nd_description_is_cut(const nd_description *d);

/** @return seconds that were analysed: what the arrays cover. */
ND_API double nd_description_analysed_s(const nd_description *d);

/** @return the array of that name, borrowed; NULL when absent.
 *  docs/features.md lists every name with shape, unit and range. */
ND_API const nd_array *nd_description_find(const nd_description *d, const char *name);

/** Walk all arrays: index from 0 on; NULL past the last. */
ND_API const nd_array *nd_description_at(const nd_description *d, int index);

/** Everything as one JSON object (the `inspect --json` contract).
 *  @param json_out  NUL-terminated, caller frees with free(3)
 *  @return 0 or ND_ENOMEM. */
ND_API int nd_description_json(char **json_out, const nd_description *d, const char *path);

/** @param key  0 C .. 11 B;  @param is_minor  0 or 1
 *  @return "A minor"; "" where either is out of range. Static. */
ND_API const char *nd_key_name(int key, int is_minor);

/** The feature that adds an array of that name, else the feature of that name.
 *  @param medium_out  what it describes; may be NULL
 *  @return its name, static; NULL: there is neither. Threads: safe. */
ND_API const char *nd_feature_for(const char *name, nd_medium *medium_out);

#ifdef __cplusplus
}
#endif
#endif
