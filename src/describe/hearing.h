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
    ND_MEL_KALDI,  /* 1127 ln(1 + f / 700), triangles straight in mel, height 1 */
    ND_MEL_SLANEY, /* linear to 1 kHz, then log; triangles straight in Hz, area 1 */
    ND_MEL_PITCH   /* semitones, height 1 */
} nd_mel_scale;

/** Bands for spectra.
 *  @param n_fft   points of the FFT whose bins are read (0 .. n_fft / 2)
 *  @param rate_hz of the samples: bin k lies at k * rate_hz / n_fft
 *  @param low_hz  lower edge of the first band; the last ends at high_hz
 *  @return 0 or ND_ENOMEM (*out untouched). */
int nd_mel_create(nd_mel **out, nd_mel_scale scale, int n_bands, int n_fft, int rate_hz,
                  double low_hz, double high_hz);
void nd_mel_destroy(nd_mel **mel);

/** Rows of zeros over all bins, to be filled: row m from weight + m * length[0] on, its padding
 *  left zero. @return 0 or ND_ENOMEM (*out untouched). */
int nd_mel_create_wide(nd_mel **out, int n_bands, int n_bins);

/** out [n_bands] = weights x power [n_bins + ND_MEL_SLACK]. No allocation. */
void nd_mel_apply(const nd_mel *mel, float *out, const float *power);

/** Band powers of frames of ND_ONSET_FFT points, periodic Hann, frame t centred on sample
 *  t * hop, zeros beyond both ends of x [n].
 *  @param out  [n_frames, n_bands];  @param mel  made for n_fft = ND_ONSET_FFT
 *  @return 0 or ND_ENOMEM. Cost: one FFT a frame. */
int nd_mel_spectrogram(float *out, int64_t n_frames, int hop, const nd_mel *mel, const float *x,
                       int64_t n);

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

/* ---- our own tracker: evidence, pulse, level, bars ------------------------------- */

enum { ND_ACCENT_BANDS = 5, ND_ACCENT_HZ = 100, ND_CHROMA_HZ = 10 };

/** The time of frame 0 of the accents: the middle of its 25-ms window. */
#define ND_ACCENT_START_S 0.0125

/** What a track offers to a beat tracker. */
typedef struct nd_evidence {
    int64_t t;          /* accent frames, 100 a second */
    float *band;        /* [t, 5] rises of level in five bands, low to high, each in
                           units of its own local strength */
    float *accent;      /* [t] their weighted mean, standard deviation 1 */
    float mean_accent;  /* of accent; 0 when nothing sounds */
    float *bass;        /* [t] mean log-mel level below 175 Hz */
    bool *sounds;       /* [t] level within 52 dB of the loud parts */
    int64_t n_chroma;   /* chroma frames, 10 a second */
    double *chroma_sum; /* [n_chroma + 1, 12] running sums */
} nd_evidence;

/** @param x  [n] mono, 16 kHz
 *  @return 0 or ND_ENOMEM (*out untouched).
 *  Cost: nd_fbank_compute and ten 2048-point FFTs a second. */
int nd_evidence_create(nd_evidence **out, const float *x, int64_t n);
void nd_evidence_destroy(nd_evidence **e);

/** How much the harmony after time_s differs from that before it: 1 - cosine of
 *  the mean chroma of span_s on either side. 0 where either is silent. */
double nd_evidence_chord_change(const nd_evidence *e, double time_s, double span_s);

enum { ND_PULSE_SHORTEST = 28, ND_PULSE_LONGEST = 114 }; /* frames: 214 .. 53 bpm */

/** The chain of frames that collects the most reward under the tempo's inertia
 *  and prior: exact Viterbi over (frame, last interval).
 *  @param beats_out  [t / ND_PULSE_SHORTEST + 2] frames, rising
 *  @param reward     [t] of a beat at a frame
 *  @param centre     [t] log2 of the interval expected there, in frames
 *  @param octaves    standard deviation of the interval about it
 *  @param inertia    reward that a change of the interval's logarithm by 1 costs
 *  @return 0 or ND_ENOMEM.
 *  Cost: 87 intervals x (1 gather + 2 steps) a frame; 87 bytes a frame.
 *  Source: Krebs, Boeck, Widmer, An efficient state-space model for joint tempo
 *  and meter tracking, ISMIR 2015; deviation: one state an interval instead of
 *  one a position, as no evidence depends on the place between two beats. */
int nd_pulse_track(int32_t *beats_out, int64_t *n_out, const float *reward, const float *centre,
                   int64_t t, double octaves, double inertia);

/** Which metrical level of a first pulse is the beat. */
typedef struct nd_level {
    int cells;     /* a beat's length in twelfths of the first pulse's */
    int phase;     /* 0 .. cells - 1: cell of the first beat */
    int metre;     /* 3 or 4 beats in a bar */
    double lead_3; /* score of metre 3 less that of metre 4 at this level */
    double pulse;  /* share of the accents' variance that a cycle of one beat explains */
} nd_level;

enum { ND_CELLS = 12 };

/** @param beats_s  [n] the first pulse; n >= 2
 *  @return 0 or ND_ENOMEM. */
int nd_level_choose(nd_level *out, const nd_evidence *e, const double *beats_s, int64_t n);

/** Places in the bar.
 *  @param position_out  [n] 1 .. metre
 *  @param metre_out     3 or 4; 0 for n < 2, and no place is written
 *  @param lead_3        as nd_level
 *  @return 0 or ND_ENOMEM. */
int nd_bar_track(int32_t *position_out, int *metre_out, const nd_evidence *e, const double *beats_s,
                 int64_t n, double lead_3);

/** What the tracker finds; zeroed when there is no beat. */
typedef struct nd_beats {
    int64_t n;
    double *time_s;    /* [n] rising */
    float *salience;   /* [n] 0..1 */
    int32_t *position; /* [n] 1 .. metre */
    int metre;         /* 3, 4; 0 without beats */
    double tempo_bpm;  /* 0 without beats */
} nd_beats;

/** The whole tracker. @param x  [n] mono, 16 kHz. @return 0 or ND_ENOMEM. */
int nd_beats_create(nd_beats **out, const float *x, int64_t n);
void nd_beats_destroy(nd_beats **b);

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
