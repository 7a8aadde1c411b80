/* What pretrain and train share: the options of a training run, its curve, its report. */
#ifndef ND_CMD_TRAINING_H
#define ND_CMD_TRAINING_H

#include "cli.h"
#include "needledrop/picture.h"
#include "needledrop/run.h"

/** Read --epochs, --batch, --patience, --rate, --checkpoint, --seed, --jobs, --restart and --log.
 *  @param least_batch  1 or more  @return CLI_DONE, or CLI_USAGE with the message printed */
int training_get_params(cli *c, int least_batch, nd_run_params *out);

/** The picture that is drawn anew after each epoch. One that cannot be written does not stop the
 *  training; it is told at the end. */
typedef struct training_picture {
    const char *path;   /* NULL: none is wanted */
    const char *corpus; /* as given */
    int rc;
    nd_diag diag; /* of the first that failed */
} training_picture;

enum { TRAINING_MAX_CURVES = 8 };

/** Figures of the epochs so far. */
typedef struct training_curves {
    const void *epochs; /* [n_epochs], structs of so many bytes */
    size_t epoch_bytes;
    int n_epochs;
    nd_curve curves[TRAINING_MAX_CURVES];
    int n;
} training_curves;

/** One figure more, a double at an offset of the struct; left out where memory or places run out.
 *  @param label  borrowed */
void training_add_curve(training_curves *curves, const char *label, size_t offset, bool is_share);

/** Draw them and free their values.
 *  @param what  follows the corpus's name in the title  @param facts  the line below it */
void training_draw(training_picture *picture, training_curves *curves, const char *what,
                   const char *facts, int best);

/** Whether an epoch has a line in the report: first, best and last; with --verbose all. */
bool training_is_told(const cli *c, const nd_run_report *r, int epoch);

/** End the report's last line: time, and how the run began and ended. */
void training_print_end(const nd_run_report *r);

/** Tell of a picture that could not be written. @return an exit status */
int training_finish(cli *c, int status, const training_picture *picture);

#endif
