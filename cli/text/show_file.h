/* cli/text/show_file.h - what nas show prints of a model's file.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_SHOW_FILE_H
#define NAS_CLI_TEXT_SHOW_FILE_H

/* path: a .tflite file, or a folder with model.tflite in it. The exit status. */
int cli_show_file(const char *path);

#endif
