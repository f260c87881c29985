/* store/sql/draft.h - a draft is the text of a statement while it is put together.
 *
 * Thread safety: no shared state; distinct drafts may be used by distinct threads. */
#ifndef NAS_STORE_SQL_DRAFT_H
#define NAS_STORE_SQL_DRAFT_H

#include <stddef.h>
#include <stdint.h>

typedef struct nas_draft nas_draft;

/* Owner: the caller hands it to nas_draft_take, or to what ends it. NULL: no memory, which every
 * function here takes and nas_draft_take tells. */
nas_draft *nas_draft_new(void);

/* Adds text, in which
 *   %s  const char *, as it is
 *   %w  const char *, between double quotes of the text: each double quote is doubled
 *   %q  const char *, as a literal: single quotes around it, those in it doubled
 *   %d  int
 *   %l  int64_t
 *   %r  double: the shortest decimal that reads back as it
 *   %%  a percent sign. */
void nas_draft_add(nas_draft *d, const char *format, ...);
/* nas_draft_new and nas_draft_add at once. */
nas_draft *nas_draft_of(const char *format, ...);
/* Adds text as it is. */
void nas_draft_put(nas_draft *d, const char *text);
/* Its first n bytes. */
void nas_draft_put_part(nas_draft *d, const char *text, size_t n);

/* The text, and the end of the draft. Owner: the caller frees it. NULL: no memory. */
char *nas_draft_take(nas_draft *d);
/* Ends a draft that is not wanted. */
void nas_draft_drop(nas_draft *d);

/* A short text at once: nas_draft_new, nas_draft_add and nas_draft_take. */
char *nas_draft_text(const char *format, ...);

#endif
