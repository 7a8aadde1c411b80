/* Inference of the music Conformer, beside PyTorch on the same machine in the same run.
 *
 * results: Clips a second by the median batch. PyTorch as in the table of training, in inference
 * results: mode; and, beyond what most programs do, traced, frozen and optimised for inference.
 * results: Ours runs a clip at a time on each thread, so results do not depend on the batch. */
#include "conformer.h"

int main(int argc, char **argv)
{
    bench_main(argc > 1 ? argv[1] : "build", false);
    return 0;
}
