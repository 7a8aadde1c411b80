/* What the files of needledrop eval share. */
#ifndef ND_CMD_EVAL_H
#define ND_CMD_EVAL_H

#include "cli.h"
#include "needledrop/eval.h"

/** Print a report: --json as it is, else as text; and free it.
 *  @param rc  what its maker returned  @return an exit status */
int eval_print(cli *c, int rc, char *text);

/** eval --relevance: a ranking beside what people judged.
 *  @param params  as the options have them  @return an exit status */
int eval_relevance(cli *c, const nd_eval_params *params);

/** eval --table: train and measure what the paper's table lacks, and print it.
 *  @return an exit status; CLI_SOME_FAILED where a step failed */
int eval_table(cli *c);

#endif
