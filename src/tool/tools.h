/* The sub-commands of `weir`, each in a file of its own. */
#ifndef TOOL_TOOLS_H
#define TOOL_TOOLS_H

#include "tool/option.h"

extern const struct tool stats_tool;
extern const struct tool rtstats_tool;
extern const struct tool convert_tool;
extern const struct tool split_tool;
extern const struct tool merge_tool;
extern const struct tool intercept_tool;
extern const struct tool decode_tool;
extern const struct tool match_tool;
extern const struct tool dump_tool;
extern const struct tool certs_tool;
extern const struct tool ledger_tool;
extern const struct tool status_tool;
extern const struct tool calls_tool;

/* All of them, in the order in which `weir help` lists them; ends with NULL. */
extern const struct tool *const tools[];

#endif
