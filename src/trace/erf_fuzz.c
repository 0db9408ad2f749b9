#include "base/fuzz.h"
#include "trace/windows.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	windows_fuzz(TRACE_ERF, bytes, len);
	return 0;
}
