#include "tool/tools.h"

#include <stddef.h>

const struct tool *const tools[] = {
	&stats_tool,     &rtstats_tool, &convert_tool, &split_tool, &merge_tool,
	&intercept_tool, &decode_tool,  &match_tool,   &dump_tool,  &calls_tool,
	&certs_tool,     &ledger_tool,  &status_tool,  NULL,
};
