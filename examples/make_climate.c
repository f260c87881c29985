/* examples/make_climate.c - a table of invented weather with the columns of the Jena weather
 * station: annual and daily cycle, fronts and clouds that pass, humidity from temperature and dew
 * point. The same seed gives the same table.
 *     make_climate FILE [--rows N] [--seed N]
 */
#include "base/rng.h"
#include "core/data/table/times.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_SECONDS = 600 };

/* 2009-01-01 00:10, the first row of the station's file. */
static const int64_t first_second = 1230768600;

static double normal(nas_rng *rng) {
    /* Box and Muller, 1958. */
    return sqrt(-2 * log(1 - nas_rng_double(rng))) * cos(2 * M_PI * nas_rng_double(rng));
}

/* What passes over the station: deviations that come and go, each with its own time. */
typedef struct weather {
    double air;      /* K: of the air mass; days */
    double drift;    /* K a step: how it changes; hours */
    double cloud;    /* share of the daily cycle that clouds take away; hours */
    double front;    /* hPa; a day */
    double trend;    /* hPa a step: how it changes */
    double moisture; /* K: of the dew point; half a day */
    double gusts;    /* K: small scale; an hour */
    double wind;     /* m/s; hours */
    double turn;     /* degrees */
} weather;

/* A step of an Ornstein-Uhlenbeck process of deviation `size` and time constant `steps`. */
static void relax(nas_rng *rng, double steps, double size, double *v) {
    const double keep = exp(-1 / steps);
    *v = *v * keep + size * sqrt(1 - keep * keep) * normal(rng);
}

static void pass(nas_rng *rng, weather *w) {
    relax(rng, 24, 0.035, &w->drift);
    w->air = w->air * exp(-1.0 / 600) + w->drift;
    relax(rng, 30, 1, &w->cloud);
    relax(rng, 30, 0.11, &w->trend);
    w->front = w->front * exp(-1.0 / 250) + w->trend;
    relax(rng, 150, 1.8, &w->moisture);
    relax(rng, 5, 0.25, &w->gusts);
    relax(rng, 40, 0.8, &w->wind);
    relax(rng, 60, 70, &w->turn);
}

/* Saturation over water in hPa: Magnus' formula with the coefficients of Alduchov and Eskridge,
 * 1996. */
static double saturation(double celsius) {
    return 6.1094 * exp(17.625 * celsius / (243.04 + celsius));
}

static double clamp(double v, double lo, double hi) {
    return v < lo ? lo : v > hi ? hi : v;
}

static void print_time(FILE *f, int64_t seconds) {
    char t[32];
    nas_time_show(seconds, t); /* 2009-01-01 00:10:00 */
    fprintf(f, "%.2s.%.2s.%.4s %s", t + 8, t + 5, t, t + 11);
}

static void print_row(FILE *f, nas_rng *rng, int64_t seconds, const weather *w) {
    const double year = nas_time_of_year(seconds), day = nas_time_of_day(seconds);
    const double season = -cos(2 * M_PI * (year - 0.05)); /* coldest late in January */
    const double sun = 0.55 + 0.45 * season, clear = 1 / (1 + exp(1.5 * w->cloud));
    /* Warmest in the middle of the afternoon, coldest at sunrise: two harmonics. */
    const double hour = 2 * M_PI * (day - 0.62);
    const double daily = 6.5 * sun * (0.25 + clear) * (cos(hour) + 0.25 * cos(2 * hour));
    const double base = 9.4 + 9.7 * season + w->air;
    const double t = base + daily + w->gusts * (0.3 + sun);
    const double dry = base - 3.5 - 2.5 * sun + w->moisture + 0.12 * daily;
    const double dew = dry < t - 0.05 ? dry : t - 0.05;
    const double p = 989 + w->front;
    const double most = saturation(t), actual = saturation(dew), kelvin = t + 273.15;
    const double humidity = clamp(100 * actual / most, 12, 100);
    const double wind = fabs(2.1 + 0.9 * sun * cos(hour) + 1.1 * w->wind);
    const double gust = wind * (1.45 + 0.12 * fabs(normal(rng))) + 0.15;
    const double specific = 0.622 * actual / (p - 0.378 * actual);
    const double density = 1e5 * (p - 0.378 * actual) / (287.05 * kelvin);
    const double from = fmod(200 + w->turn + 720, 360);
    print_time(f, seconds);
    fprintf(f, ",%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.2f,%.1f\n", p, t,
            kelvin * pow(1000 / p, 0.2857), dew, humidity, most, actual, most - actual,
            1e3 * specific, 1e3 * actual / p, density, wind, gust, from);
}

static bool write_table(FILE *f, int64_t rows, uint64_t seed) {
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    weather w = {0};
    fputs("\"Date Time\",\"p (mbar)\",\"T (degC)\",\"Tpot (K)\",\"Tdew (degC)\",\"rh (%)\",\"VPmax "
          "(mbar)\",\"VPact (mbar)\",\"VPdef (mbar)\",\"sh (g/kg)\",\"H2OC (mmol/mol)\",\"rho "
          "(g/m**3)\",\"wv (m/s)\",\"max. wv (m/s)\",\"wd (deg)\"\n",
          f);
    for (int i = 0; i < 2000; i++) pass(&rng, &w); /* forgets that it began with nothing */
    for (int64_t i = 0; i < rows; i++) {
        pass(&rng, &w);
        print_row(f, &rng, first_second + i * STEP_SECONDS, &w);
    }
    return !ferror(f);
}

static bool read_number(const char *text, int64_t most, int64_t *out) {
    char *end;
    *out = strtoll(text, &end, 10);
    return *text && !*end && *out >= 0 && *out <= most;
}

int main(int argc, char **argv) {
    int64_t rows = 420551, seed = 1; /* as many as eight years have, some lost */
    const char *path = NULL;
    bool fine = true;
    for (int i = 1; i < argc; i++) {
        const bool has_value = i + 1 < argc;
        if (!strcmp(argv[i], "--rows") && has_value)
            fine = read_number(argv[++i], 100000000, &rows) && rows > 0 && fine;
        else if (!strcmp(argv[i], "--seed") && has_value)
            fine = read_number(argv[++i], INT32_MAX, &seed) && fine;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            fine = false;
    }
    if (!fine || !path) {
        fputs("usage: make_climate FILE [--rows N] [--seed N]\n", stderr);
        return 2;
    }
    FILE *f = fopen(path, "w");
    const bool written = f && write_table(f, rows, (uint64_t)seed);
    if ((f && fclose(f) != 0) || !written) {
        fprintf(stderr, "make_climate: cannot write %s\n", path);
        return 1;
    }
    printf("%" PRId64 " rows in %s\n", rows, path);
    return 0;
}
