/* core/audio/sound.c - decoding and resampling. */
#include "core/audio/sound.h"

#include "base/files/file.h"

#include <math.h>
#include <pthread.h>
#include <samplerate.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOWEST_HZ = 1000, HIGHEST_HZ = 768000, MOST_CHANNELS = 64, BLOCK = 4096 };
enum { STEPS = 100, COUNTED_SECONDS = 600, HEADER_BYTES = 256 };

/* Bytes of a file: beyond LARGE one is held at a time. */
enum { LARGE = 32 << 20, MOST_BYTES = INT32_MAX };
static pthread_mutex_t large = PTHREAD_MUTEX_INITIALIZER;

/* libsndfile keeps the reason of a failed open in a global. */
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;

/* The bytes of a file, as libsndfile reads them. */
typedef struct bytes {
    const uint8_t *p;
    sf_count_t n, at;
} bytes;

static sf_count_t bytes_length(void *ctx) {
    return ((const bytes *)ctx)->n;
}

static sf_count_t bytes_seek(sf_count_t to, int whence, void *ctx) {
    bytes *b = ctx;
    const sf_count_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? b->at : b->n;
    if (to < -from || to > INT64_MAX / 2) return -1;
    return b->at = from + to;
}

static sf_count_t bytes_read(void *out, sf_count_t n, void *ctx) {
    bytes *b = ctx;
    const sf_count_t left = b->at < b->n ? b->n - b->at : 0, got = n < left ? n : left;
    if (got <= 0) return 0;
    memcpy(out, b->p + b->at, (size_t)got);
    b->at += got;
    return got;
}

static sf_count_t bytes_tell(void *ctx) {
    return ((const bytes *)ctx)->at;
}

/* libsndfile's word for what is no fault of the file. */
static nas_status status_of(const char *why) {
    return strstr(why, "malloc") ? NAS_ENOMEM : NAS_EFORMAT;
}

static nas_status open_sound(bytes *b, SNDFILE **file, SF_INFO *info, nas_err *err) {
    static SF_VIRTUAL_IO io = {
        .get_filelen = bytes_length, .seek = bytes_seek, .read = bytes_read, .tell = bytes_tell};
    nas_status st = NAS_OK;
    *info = (SF_INFO){0};
    b->at = 0;
    (void)pthread_mutex_lock(&opening);
    *file = sf_open_virtual(&io, SFM_READ, info, b);
    if (!*file)
        st = nas_fail(err, status_of(sf_strerror(NULL)), "not a sound file that can be read: %s",
                      sf_strerror(NULL));
    (void)pthread_mutex_unlock(&opening);
    const char *what = st == NAS_EFORMAT ? nas_sound_other(b->p, b->n < 64 ? b->n : 64) : NULL;
    return what ? nas_fail(err, NAS_EFORMAT, "not a sound file that can be read, but %s", what)
                : st;
}

/* A WAV file says its length in bytes 4 to 7; programs that write to a pipe say 0 or about 2^31 or
 * 2^32. libsndfile reads what is there (unless the data's length is 0, too) and says nothing. */
static nas_status check_riff(const bytes *b, nas_err *err) {
    const uint8_t *h = b->p;
    if (b->n < 12 || memcmp(h, "RIFF", 4) != 0 || memcmp(h + 8, "WAVE", 4) != 0) return NAS_OK;
    const uint32_t says =
        (uint32_t)h[4] | (uint32_t)h[5] << 8 | (uint32_t)h[6] << 16 | (uint32_t)h[7] << 24;
    const bool piped = says == 0 || says >= 0x7ff00000U;
    if (!piped && b->n < (int64_t)says) /* the 8 bytes before are forgiven */
        return nas_fail(err, NAS_EFORMAT, "cut short: %lld bytes, its header says %lld",
                        (long long)b->n, (long long)says + 8);
    return NAS_OK;
}

static nas_status check_info(const SF_INFO *info, nas_err *err) {
    if (info->samplerate < LOWEST_HZ || info->samplerate > HIGHEST_HZ)
        return nas_fail(err, NAS_EFORMAT, "a rate of %d Hz; %d to %d are read", info->samplerate,
                        LOWEST_HZ, HIGHEST_HZ);
    if (info->channels < 1 || info->channels > MOST_CHANNELS)
        return nas_fail(err, NAS_EFORMAT, "%d channels; 1 to %d are read", info->channels,
                        MOST_CHANNELS);
    return NAS_OK;
}

/* n frames of interleaved channels to their mean over full_scale, in [-1, 1]; *peak grows to the
 * largest magnitude before that cut. false when a value is not finite. */
static bool mix_down(const float *in, int64_t n, int channels, double full_scale, float *out,
                     float *peak) {
    const float scale = (float)(1.0 / ((double)channels * full_scale));
    for (int64_t i = 0; i < n; i++, in += channels) {
        float sum = 0.0f;
        for (int c = 0; c < channels; c++) sum += in[c];
        if (!isfinite(sum)) return false;
        sum *= scale;
        if (fabsf(sum) > *peak) *peak = fabsf(sum);
        out[i] = sum > 1.0f ? 1.0f : sum < -1.0f ? -1.0f : sum;
    }
    return true;
}

static nas_status reserve(nas_sound *s, int64_t *room, int64_t want, nas_err *err) {
    if (want <= *room) return NAS_OK;
    const int64_t more = want > 2 * *room ? want : 2 * *room;
    float *p = realloc(s->pcm, (size_t)more * sizeof *p);
    if (!p) return nas_fail(err, NAS_ENOMEM, "out of memory");
    s->pcm = p;
    *room = more;
    return NAS_OK;
}

/* A file that is being decoded, a block at a time. */
typedef struct reader {
    bytes bytes;
    SNDFILE *file;
    SF_INFO info;
    double full_scale;
    float *block; /* [BLOCK][channels] */
    float mono[BLOCK];
    float peak; /* of what was read */
} reader;

/* At most n frames into r->mono; *got is 0 at the end. */
static nas_status read_block(reader *r, int64_t n, int64_t *got, nas_err *err) {
    *got = sf_readf_float(r->file, r->block, n < BLOCK ? n : BLOCK);
    if (*got > 0 && !mix_down(r->block, *got, r->info.channels, r->full_scale, r->mono, &r->peak))
        return nas_fail(err, NAS_EFORMAT, "it holds values that are not finite");
    return NAS_OK;
}

/* Reads and forgets n frames, or what there is of them. */
static nas_status skip(reader *r, int64_t n, nas_err *err) {
    for (int64_t got = 1; n > 0 && got > 0; n -= got) NAS_TRY(read_block(r, n, &got, err));
    r->peak = 0;
    return NAS_OK;
}

/* Appends what can be decoded, up to most frames: memory follows what is there. */
static nas_status decode(reader *r, int64_t most, nas_sound *s, nas_err *err) {
    int64_t room = 0;
    while (s->samples < most) {
        int64_t got;
        NAS_TRY(read_block(r, most - s->samples, &got, err));
        if (got <= 0) break;
        NAS_TRY(reserve(s, &room, s->samples + got, err));
        memcpy(s->pcm + s->samples, r->mono, (size_t)got * sizeof *s->pcm);
        s->samples += got;
    }
    s->peak = r->peak;
    return NAS_OK;
}

static bool is_wav(const SF_INFO *info) {
    const int kind = info->format & SF_FORMAT_TYPEMASK;
    return kind == SF_FORMAT_WAV || kind == SF_FORMAT_WAVEX;
}

static bool has_floats(const SF_INFO *info) {
    const int samples = info->format & SF_FORMAT_SUBMASK;
    return samples == SF_FORMAT_FLOAT || samples == SF_FORMAT_DOUBLE;
}

/* got: how many of the first `most` frames could be read. */
static nas_status check_length(const reader *r, int64_t most, int64_t got, nas_err *err) {
    const SF_INFO *info = &r->info;
    const int64_t want = info->frames < most ? info->frames : most;
    /* An MP3's length may be an estimate. */
    const bool estimate = (info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_MPEG;
    const bool wrong = sf_error(r->file) != SF_ERR_NO_ERROR;
    if (wrong && status_of(sf_strerror(r->file)) == NAS_ENOMEM)
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    if (got < want && info->frames < SF_COUNT_MAX && !estimate)
        return nas_fail(err, NAS_EFORMAT, "cut short: %lld samples, its header says %lld",
                        (long long)got, (long long)info->frames);
    if (wrong) return nas_fail(err, NAS_EFORMAT, "damaged: %s", sf_strerror(r->file));
    if (got == 0)
        return nas_fail(err, NAS_EFORMAT, "it holds no sound%s",
                        is_wav(info) ? ", or its header was not completed when it was written"
                                     : "");
    return NAS_OK;
}

static void close_reader(reader *r) {
    if (r->file) (void)sf_close(r->file);
    free(r->block);
    r->file = NULL;
    r->block = NULL;
}

static nas_status open_reader(const nas_mapped *from, double full_scale, reader *r, nas_err *err) {
    *r = (reader){.full_scale = 1.0, .bytes = {.p = from->p, .n = (sf_count_t)from->bytes}};
    NAS_TRY(open_sound(&r->bytes, &r->file, &r->info, err));
    NAS_TRY(check_info(&r->info, err));
    if (is_wav(&r->info)) NAS_TRY(check_riff(&r->bytes, err));
    if (has_floats(&r->info) && full_scale > 0.0) r->full_scale = full_scale;
    r->block = malloc((size_t)BLOCK * (size_t)r->info.channels * sizeof *r->block);
    return r->block ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
}

/* The energy of a file, in pieces of `step` frames each. */
typedef struct energies {
    double *sum;
    int64_t n, room, step, frames;
} energies;

static nas_status add_energy(energies *e, const float *x, int64_t n, nas_err *err) {
    for (int64_t i = 0; i < n; i++, e->frames++) {
        const int64_t k = e->frames / e->step;
        if (k == e->room) {
            const int64_t room = e->room ? 2 * e->room : 1024;
            double *more = realloc(e->sum, (size_t)room * sizeof *more);
            if (!more) return nas_fail(err, NAS_ENOMEM, "out of memory");
            e->sum = more;
            e->room = room;
        }
        if (k == e->n) e->sum[e->n++] = 0.0;
        e->sum[k] += (double)x[i] * (double)x[i];
    }
    return NAS_OK;
}

/* Makes e->sum[k] the energy of `pieces` pieces from k on; returns how many such k there are. */
static int64_t sum_windows(energies *e, int64_t pieces) {
    const int64_t windows = e->n - pieces + 1;
    for (int64_t k = 0; k < windows; k++)
        for (int64_t i = 1; i < pieces; i++) e->sum[k] += e->sum[k + i];
    return windows;
}

/* Where the loudest window of `most` frames begins; more than that were counted. */
static int64_t find_loudest(energies *e, int64_t most) {
    const double nearly = 0.99;
    const int64_t windows = sum_windows(e, most / e->step);
    int64_t best = 0, first, last;
    for (int64_t k = 1; k < windows; k++)
        if (e->sum[k] > e->sum[best]) best = k;
    for (first = best; first > 0 && e->sum[first - 1] >= nearly * e->sum[best];) first--;
    for (last = best; last + 1 < windows && e->sum[last + 1] >= nearly * e->sum[best];) last++;
    const int64_t at = (first + last) / 2 * e->step, latest = e->frames - most;
    return at < latest ? at : latest;
}

/* Goes through the whole file: how long it is, and where the part begins that is to be heard. */
static nas_status survey(reader *r, nas_crop crop, int64_t most, int64_t *at, int64_t *length,
                         nas_err *err) {
    energies e = {.step = most >= STEPS ? most / STEPS : 1};
    nas_status st = NAS_OK;
    for (int64_t got = 1; st == NAS_OK && got > 0;) {
        st = read_block(r, BLOCK, &got, err);
        if (st == NAS_OK && got > 0) st = add_energy(&e, r->mono, got, err);
    }
    if (st == NAS_OK) st = check_length(r, r->info.frames, e.frames, err);
    *length = e.frames;
    *at = e.frames <= most          ? 0
          : crop == NAS_CROP_CENTRE ? (e.frames - most) / 2
          : e.n                     ? find_loudest(&e, most)
                                    : 0;
    free(e.sum);
    return st;
}

/* The length of a file whose first s->samples were read; counts on where its header does not say.
 */
static nas_status find_length(reader *r, int64_t most, nas_sound *s, nas_err *err) {
    s->length = s->samples;
    if (s->samples < most) return NAS_OK;
    if (r->info.frames < SF_COUNT_MAX) {
        if (r->info.frames > s->samples) s->length = r->info.frames;
        return NAS_OK;
    }
    const int64_t enough = (int64_t)COUNTED_SECONDS * r->info.samplerate;
    for (int64_t got = 1; got > 0 && s->length < enough; s->length += got)
        NAS_TRY(read_block(r, BLOCK, &got, err));
    return NAS_OK;
}

static nas_status hear(const nas_mapped *from, const nas_hearing *h, reader *r, nas_sound *out,
                       nas_err *err) {
    if ((out->empty = from->bytes == 0)) return nas_fail(err, NAS_EFORMAT, "the file is empty");
    NAS_TRY(open_reader(from, h->full_scale, r, err));
    const double wanted = floor(h->seconds * (double)r->info.samplerate + 0.5);
    const int64_t most = wanted < 1.0 ? 1 : wanted < 1e12 ? (int64_t)wanted : (int64_t)1e12;
    int64_t at = 0, length = 0;
    if (h->crop != NAS_CROP_START && r->info.frames > most) {
        NAS_TRY(survey(r, h->crop, most, &at, &length, err));
        close_reader(r);
        NAS_TRY(open_reader(from, h->full_scale, r, err));
        NAS_TRY(skip(r, at, err));
    }
    NAS_TRY(decode(r, most, out, err));
    const nas_status st = check_length(r, at + most, at + out->samples, err);
    /* Nothing but a header: with more behind it the header may be what is wrong. */
    out->empty = st == NAS_EFORMAT && out->samples == 0 && from->bytes <= HEADER_BYTES;
    if (out->empty) return nas_fail(err, st, "it holds no sample");
    NAS_TRY(st);
    out->rate_hz = r->info.samplerate;
    out->channels = r->info.channels;
    out->floats = has_floats(&r->info);
    if (length == 0) return find_length(r, most, out, err);
    out->length = length;
    return NAS_OK;
}

/* What was wrong stays in *out, without samples. */
static nas_status hear_bytes(const nas_mapped *from, const nas_hearing *h, nas_sound *out,
                             nas_err *err) {
    reader *r = calloc(1, sizeof *r);
    *out = (nas_sound){0};
    if (!r) return nas_fail(err, NAS_ENOMEM, "out of memory");
    out->content = nas_hash_of(from->bytes ? from->p : (const void *)"", from->bytes);
    const nas_status st = hear(from, h, r, out, err);
    close_reader(r);
    free(r);
    if (st == NAS_OK) return st;
    const nas_sound left = {.empty = out->empty, .content = out->content};
    nas_sound_free(out);
    *out = left;
    return st;
}

static nas_status load(const char *path, nas_mapped *out, nas_err *err) {
    const nas_status st = nas_file_load(path, MOST_BYTES, out, err);
    return st == NAS_EFORMAT ? nas_fail(err, st, "not a regular file, or one of 2 GiB or more")
                             : st;
}

nas_status nas_sound_hear(const char *path, const nas_hearing *h, nas_sound *out, nas_err *err) {
    nas_mapped from;
    struct stat info;
    *out = (nas_sound){0};
    const bool alone = stat(path, &info) == 0 && info.st_size > LARGE;
    if (alone) (void)pthread_mutex_lock(&large);
    nas_status st = load(path, &from, err);
    if (st == NAS_OK) st = hear_bytes(&from, h, out, err);
    /* Not all decoders tell that they had no memory: a file that is wrong is so twice. */
    if (st == NAS_EFORMAT && from.p) st = hear_bytes(&from, h, out, err);
    nas_file_unmap(&from);
    if (alone) (void)pthread_mutex_unlock(&large);
    return st;
}

nas_status nas_sound_read(const char *path, double most_seconds, nas_sound *out, nas_err *err) {
    return nas_sound_hear(path, &(nas_hearing){.seconds = most_seconds}, out, err);
}

void nas_sound_free(nas_sound *s) {
    free(s->pcm);
    *s = (nas_sound){0};
}

nas_status nas_sound_resample(const float *in, int64_t n, int32_t from_hz, int32_t to_hz,
                              float *out, int64_t room, int64_t *made, nas_err *err) {
    *made = 0;
    if (from_hz == to_hz) {
        *made = n < room ? n : room;
        if (*made > 0) memcpy(out, in, (size_t)*made * sizeof *out);
        return NAS_OK;
    }
    SRC_DATA data = {.data_in = in,
                     .data_out = out,
                     .input_frames = (long)n,
                     .output_frames = (long)room,
                     .src_ratio = (double)to_hz / (double)from_hz};
    if (n < 1 || room < 1) return NAS_OK;
    if (from_hz < 1 || to_hz < 1 || !src_is_valid_ratio(data.src_ratio))
        return nas_fail(err, NAS_EINVAL,
                        "cannot resample from %d Hz to %d Hz: the rates are too far apart", from_hz,
                        to_hz);
    const int code = src_simple(&data, SRC_SINC_BEST_QUALITY, 1);
    if (code != 0)
        return nas_fail(err, NAS_ENOMEM, "cannot resample from %d Hz to %d Hz: %s", from_hz, to_hz,
                        src_strerror(code));
    *made = data.output_frames_gen;
    return NAS_OK;
}
