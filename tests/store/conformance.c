/* tests/store/conformance.c - the promises of store.h and read.h, asked of any backend. Nothing
 * here knows how rows are kept. */
#include "tests/store/conformance_place.h"

const nas_conformance *nas_under_test;

int nas_conformance_run(const nas_conformance *backend) {
    nas_under_test = backend;
    return nas_conformance_trials() + nas_conformance_workers() + nas_conformance_results() +
           nas_conformance_finals() + nas_conformance_reads() + nas_conformance_studies() +
           nas_conformance_versions() + nas_conformance_values();
}
