/* Inside the describe room: what the music-time features share.
 *
 *   samples --mel--> log-mel frames --> fbank, the beat tracker's evidence
 *   samples --onset strength--> [T] --published tracker--> beats
 *
 * Rules 1-11 are those of librosa 0.11 as the published method uses them.
 */
#ifndef ND_DESCRIBE_HEARING_H
#define ND_DESCRIBE_HEARING_H

#include "describe/describe.h"

/* ---- mel bands ---------------------------------------------------------- */

/** Triangular filters over the bins of a power spectrum, stored sparse. Each
 *  row is padded with zero weights to a multiple of 8, so the spectrum that it
 *  reads must be followed by ND_MEL_SLACK finite values. */
typedef struct nd_mel {
    int n_bands, n_bins;
    int *first;    /* [n_bands] first bin of a row */
    int *length;   /* [n_bands] multiple of 8 */
    float *weight; /* rows one after the other */
} nd_mel;

enum { ND_MEL_SLACK = 8 };

typedef enum nd_mel_scale {
    ND_MEL_KALDI, /* 1127 ln(1 + f / 700), triangles straight in mel, height 1 */
    ND_MEL_SLANEY, /* linear to 1 kHz, then log; triangles straight in Hz, area 1 */
    ND_MEL_PITCH   /* semitones, height 1 */
} nd_mel_scale;

/** Bands for spectra at 16 kHz.
 *  @param n_fft   points of the FFT whose bins are read (0 .. n_fft / 2)
 *  @param low_hz  lower edge of the first band; the last ends at high_hz
 *  @return 0 or ND_ENOMEM (*out untouched). */
int nd_mel_create(nd_mel **out, nd_mel_scale scale, int n_bands, int n_fft, double low_hz,
                  double high_hz);
void nd_mel_destroy(nd_mel **mel);

/** out [n_bands] = weights x power [n_bins + ND_MEL_SLACK]. No allocation. */
void nd_mel_apply(const nd_mel *mel, float *out, const float *power);

/** x[i] = ln(max(x[i], floor)) for i < n. Relative error of the result under
 *  3e-7; the loop vectorises. @param floor  a normal number > 0 */
void nd_log_floor(float *x, int64_t n, float floor);

/* ---- Kaldi log-mel frames ------------------------------------------------ */

enum {
    ND_FBANK_BANDS = 80,
    ND_FBANK_WINDOW = 400, /* samples: 25 ms */
    ND_FBANK_HOP = 160,    /* 10 ms */
    ND_FBANK_FFT = 512,
    ND_FBANK_CLIP_FRAMES = 398
};

/** 1 + (n - 400) / 160, or 0 for n < 400: snip edges. */
int64_t nd_fbank_frame_count(int64_t n_samples);

/** Kaldi's filter bank at 16 kHz: per frame the mean removed, pre-emphasis
 *  0.97, Povey window (Hann^0.85), 512-point power spectrum, 80 bands from
 *  20 Hz, natural log floored at 2^-23. Frame t covers samples 160 t .. + 400.
 *  @param out  [nd_fbank_frame_count(n), 80]
 *  @param x    [n] in -1..1, 16 kHz
 *  @return 0 or ND_ENOMEM.
 *  Cost: one 512-point FFT a frame. Source: Kaldi feature-fbank as restated by
 *  torchaudio.compliance.kaldi.fbank. Checked by tests/describe/test_fbank.c. */
int nd_fbank_compute(float *out, const float *x, int64_t n);

/* ---- librosa's onset strength and beats ------------------------------------- */

enum { ND_ONSET_HOP = 512, ND_ONSET_FFT = 2048, ND_ONSET_BANDS = 128 };

/** 1 + n / 512. */
int64_t nd_onset_frame_count(int64_t n_samples);

/** Rules 1-5 of models.md 7, the mean over bands.
 *  @param out  [nd_onset_frame_count(n)] >= 0
 *  @param x    [n] mono, 16 kHz
 *  @return 0 or ND_ENOMEM (out untouched).
 *  Cost: one 2048-point FFT a frame; 512 bytes a frame while it runs.
 *  Checked by tests/describe/test_onset.c. */
int nd_onset_strength(float *out, const float *x, int64_t n);

/** Rules 6-11: tempo and beats from an onset envelope.
 *  @param beats_out  [t] frames, rising; caller's storage
 *  @param n_out      beats found, 0 when nothing sounds
 *  @param tempo_out  bpm; 0 when nothing sounds
 *  @param onset      [t] >= 0, at 16,000 / 512 Hz
 *  @return 0 or ND_ENOMEM (outputs untouched).
 *  Cost: 31 k products a frame. Source: Ellis 2007 (Beat tracking by dynamic
 *  programming), as in librosa. Checked by tests/describe/test_beat.c. */
int nd_beat_track_published(int32_t *beats_out, int64_t *n_out, double *tempo_out,
                            const float *onset, int64_t t);

/* ---- rhythm of a clip ------------------------------------------------------- */

/** What the rhythm features say of one clip. */
typedef struct nd_rhythm {
    int32_t n_beats;
    float strength;   /* mean onset strength at the beats, 0 without */
    float interval_s; /* mean inter-beat interval, 0 with fewer than two */
} nd_rhythm;

enum { ND_RHYTHM_COUNTS = 18, ND_RHYTHM_STRENGTHS = 49, ND_RHYTHM_INTERVALS = 65 };

/** The published classes: n, round(strength), floor(interval / 62.5 ms), each
 *  clamped to its table; interval 64 with fewer than two beats.
 *  Source: models.md 1.4. */
void nd_rhythm_quantise(int32_t class_out[3], const nd_rhythm *r);

/** Add the arrays `PREFIXclip_n_beats`, .. `PREFIXclip_rhythm_class`.
 *  @return 0 or ND_ENOMEM. */
int nd_rhythm_add(nd_description *d, const char *prefix, const nd_rhythm *clips, int n_clips);

#endif
