#include "analyser/sample.h"
#include "base/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	windows_fuzz(ANALYSER_NETXRAY, bytes, len);
	return 0;
}
