/* Inside the describe room: what the statistics of a track (features/statistics.c) are made of.
 *
 *   samples --resample--> 29.12 s at 12 kHz --median filters--> harmonic, percussive
 *   each of them --spectra--> 190 rows of 1,366 frames --log-amplitude--> mean, variance, maximum
 *
 * Rules are those of librosa 0.4 .. 0.5, which the published script calls; where ours differ, the
 * comment says "deviation". */
#ifndef ND_DESCRIBE_STATISTICS_H
#define ND_DESCRIBE_STATISTICS_H

#include "describe/hearing.h"

enum {
    ND_STATISTICS_HZ = 12000,
    ND_STATISTICS_SAMPLES = 349440, /* 29.12 s */
    ND_STATISTICS_HOP = 256,
    ND_STATISTICS_FRAMES = 1 + ND_STATISTICS_SAMPLES / ND_STATISTICS_HOP,
    ND_STATISTICS_FFT = 512,       /* of most rows */
    ND_STATISTICS_LONG_FFT = 2048, /* of the split, of chroma-CENS and MFCC */
    ND_STATISTICS_ROWS = 190
};

/** Samples at 12 kHz of samples at 16 kHz: sinc of 96 taps, Kaiser window, half amplitude at
 *  5,640 Hz. Sample j lies at j / 12,000 s.
 *  @param out    [n_out]: samples first .. first + n_out - 1; 0 beyond the end of x
 *  @param x      [n], cut to +-16 (what is louder would not keep powers finite)
 *  Allocates: no. Cost: 96 products a sample. */
void nd_resample_12k(float *out, int64_t first, int64_t n_out, const float *x, int64_t n);

/* ---- spectra ----------------------------------------------------------------------- */

/** Windowed spectra: frames of n_fft samples, periodic Hann, centred on any sample, reflected at
 *  both ends of the signal. Threads: distinct objects. */
typedef struct nd_stft {
    int n_fft;
    nd_rfft *forward, *inverse; /* inverse: NULL unless asked for */
    float *window, *frame;      /* [n_fft] each */
} nd_stft;

/** @param goes_back  whether nd_stft_add is wanted  @return 0 or ND_ENOMEM (*out untouched). */
int nd_stft_create(nd_stft **out, int n_fft, bool goes_back);
void nd_stft_destroy(nd_stft **s);

/** power_out [n_fft / 2 + 1], bins_out [n_fft / 2 + 1, 2] of the frame around sample `centre` of
 *  x [n], n > n_fft / 2. Allocate: no. */
void nd_stft_power(nd_stft *s, float *power_out, const float *x, int64_t n, int64_t centre);
void nd_stft_bins(nd_stft *s, float *bins_out, const float *x, int64_t n, int64_t centre);

/** Add the frame of bins, windowed once more, to y [n] around sample `centre`. Frames that were
 *  read at every hop, and added, give x times the sum of the squared windows over a sample. */
void nd_stft_add(nd_stft *s, float *y, int64_t n, int64_t centre, const float *bins);

/* ---- harmonic and percussive ---------------------------------------------------------- */

/** Median of 31 values around each of n, the ends reflected (c b a | a b c .. x y z | z y x).
 *  @param padded  [n + 30] scratch, values from padded[15] on: in  @param out  [n]
 *  Cost: some 20 ns a value: the window stays sorted. */
void nd_median_31(float *out, float *padded, int64_t n);

/** Split a signal by median filters over its spectrogram (2,048 points, hop 512): 31 frames along
 *  time for what lasts, 31 bins along frequency for what strikes; soft masks of power 2, half to
 *  each where there is nothing.
 *  @param harmonic, percussive  [n] out  @param x  [n], n > 1,024
 *  @return 0 or ND_ENOMEM. Cost: two medians a bin; 30 bytes a bin and frame.
 *  Source: Fitzgerald, Harmonic/percussive separation using median filtering, DAFx 2010; margin 1
 *  of Driedger, Mueller, Disch, ISMIR 2014. Checked by tests/describe/test_statistics.c. */
int nd_hpss(float *harmonic, float *percussive, const float *x, int64_t n);

/* ---- chroma ---------------------------------------------------------------------------- */

/** Twelve rows from C on over the bins of a spectrum: a Gaussian around each pitch class, columns
 *  of length 1, weighted by octave about A 880 (Gaussian, two octaves).
 *  @return 0 or ND_ENOMEM. Source: Ellis 2007, chroma features, as in librosa.
 *  Deviation: tuned to A 440; librosa estimates it from the spectrum, of 512 points with bins of
 *  23 Hz no more than noise. */
int nd_chroma_create(nd_mel **out, int n_fft, int rate_hz);

/** chroma [12] divided by its greatest value, where that is above the least normal float. */
void nd_chroma_normalise(float *chroma);

/** Chroma energy normalised statistics: each frame to sum 1, in steps (a quarter each above 0.05,
 *  0.1, 0.2, 0.4), smoothed along time (Hann of 43 points, its ends 0), to length 1.
 *  @param rows  [12, n] in place  @return 0 or ND_ENOMEM.
 *  Source: Mueller, Ewert, Chroma toolbox, ISMIR 2011, as in librosa. */
int nd_chroma_cens(float *rows, int64_t n);

/* ---- shape ----------------------------------------------------------------------------- */

enum { ND_SHAPE_ROWS = 9 };

/** What one spectrum looks like. */
typedef struct nd_shape {
    int n_bins;
    double bin_hz;
    nd_mel *fit; /* rows of a least-squares fit: slope, constant; square, slope, constant */
} nd_shape;

int nd_shape_create(nd_shape **out, int n_fft, int rate_hz); /* @return 0 or ND_ENOMEM */
void nd_shape_destroy(nd_shape **s);

/** Root mean square over bins, centroid and bandwidth (Hz; 0 of silence), the frequency below which
 *  85 % of the magnitude lie, and the coefficients of magnitude over Hz of order 1 and 2, highest
 *  first.
 *  @param out  [ND_SHAPE_ROWS]  @param magnitude  [n_bins + ND_MEL_SLACK] */
void nd_shape_measure(const nd_shape *s, float *out, const float *magnitude);

/** Share of the n_frame samples around `centre` that have another sign than the one before; 0 and
 *  what is within 1e-10 of it counts as positive; ends are repeated. */
float nd_zero_crossings(const float *x, int64_t n, int64_t centre, int n_frame);

/* ---- cepstrum --------------------------------------------------------------------------- */

enum { ND_CEPSTRUM_BANDS = 128, ND_CEPSTRUM = 20 };

/** MFCC: decibels of mel energies, at most 80 below the loudest of the whole signal, then the
 *  orthonormal cosine transform.
 *  @param out  [20, n]  @param mel  [n, 128] energies; lost */
void nd_cepstrum(float *out, float *mel, int64_t n);

/** Slope of a line through nine frames around each; ends are repeated. out [n], row [n].
 *  Source: librosa's delta before 0.6. Deviation: that of second order is the slope of the slope,
 *  each around its frame, where librosa's came four frames late. */
void nd_slope(float *out, const float *row, int64_t n);

/* ---- all of it --------------------------------------------------------------------------- */

/** x[i] = 10 log10(max(|x[i]|, 1e-10) / max |x|), at least -80: librosa's log-amplitude with the
 *  greatest magnitude as reference. The sign is lost. All 0 gives all 0. */
void nd_log_amplitude(float *x, int64_t n);

/** Mean, variance (of the population) and greatest of row[n]. */
void nd_row_statistics(float out[3], const float *row, int64_t n);

/** The statistics of a track.
 *  @param out  [ND_STATISTICS]: means, variances, maxima, each of the 190 harmonic rows, then of
 *              the 190 percussive ones: docs/features.md
 *  @param x    [n] mono, 16 kHz; any n, also 0
 *  @return 0 or ND_ENOMEM (out untouched). Cost: 0.1 s and 30 MB whatever the length. */
int nd_track_statistics(float *out, const float *x, int64_t n);

#endif
