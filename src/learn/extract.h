/* Extraction inside: what reads a file, what encoding loses. */
#ifndef ND_LEARN_EXTRACT_H
#define ND_LEARN_EXTRACT_H

#include "embed/embed.h"
#include "learn/cache.h"
#include "needledrop/extract.h"

/** What describes a file: a worker process, or in tests a stand-in. Called by many threads. */
typedef struct nd_extractor {
    int (*describe)(nd_description **out, void *user, const char *path,
                    const nd_describe_params *params, nd_diag *diag);
    void *user;
} nd_extractor;

/** nd_extract with another way to describe a file. */
int nd__extract_with(const char *dir, const nd_extract_params *params, const nd_extractor *by,
                     nd_extract_report *report_out, nd_diag *diag);

/** The features of a medium, with commas, for nd_describe_params.
 *  @param layout  of video: "rows", "time" or "rows,time". Static. */
const char *nd__extract_features(nd_medium medium, const char *layout);

/* ---- what encoding loses ---------------------------------------------------------- */

/** Networks to compare embeddings with, one an array. */
typedef struct nd_loss_meter nd_loss_meter;

/** Sums over clips of one array in one encoding. */
typedef struct nd_loss_sum {
    int64_t n_clips, n_values, n_neighbours;
    double max_error, square_error;
    double cosine_difference, max_cosine_difference, neighbour_difference;
} nd_loss_sum;

/** What the meter compares: losses[i] of an nd_extract_report is the sum of number i. */
enum { ND_N_LOSSES = ND_EXTRACT_MAX_LOSSES };

/** @return 0 or ND_ENOMEM. */
int nd__loss_meter_create(nd_loss_meter **out, nd_diag *diag);
void nd__loss_meter_destroy(nd_loss_meter **meter);

/** Encode and decode the first 8 clips of a description, and compare.
 *  @param sums  [ND_N_LOSSES], added to
 *  @return 0; ND_ENOMEM. Threads: one call at a time a meter. */
int nd__loss_measure(nd_loss_sum *sums, nd_loss_meter *meter, const nd_description *d,
                     nd_diag *diag);

/** Write the sums of arrays that had clips. @param half  which encoding of fbank is kept */
void nd__loss_report(nd_extract_report *report, const nd_loss_sum *sums, bool half);

#endif
