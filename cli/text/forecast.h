/* cli/text/forecast.h - what nas eval and nas show say of forecasts.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_FORECAST_H
#define NAS_CLI_TEXT_FORECAST_H

#include "cli/text/task.h"

/* nas eval of one. --dump: rows.txt and forecasts.f32. Returns the exit status. */
int cli_eval_forecast(const cli_models *q, const cli_scratch *s);

/* Errors by step of a trial, beside what simpler forecasts do, from its forecast.json, on stdout;
 * nothing where there was no validation set. Errors: NAS_EFORMAT what is stored is damaged; those
 * of nas_store_artefact. */
nas_status cli_show_forecast(cli_study *s, int64_t row, nas_err *err);

#endif
