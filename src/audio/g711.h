/* G.711 (ITU-T Recommendation G.711, 11/88): one octet a sample, 8,000 samples a second. */
#ifndef AUDIO_G711_H
#define AUDIO_G711_H

#include <stddef.h>
#include <stdint.h>

enum { G711_RATE = 8000 };

enum g711_law {
	G711_MU_LAW, /* PCMU */
	G711_A_LAW,  /* PCMA */
};

/* By octet the sample that it stands for, of 16 bits: the uniform value of 14 (mu-law) or 13 bits
 * (A-law) at the top, so that full load is at 32,124 and 32,256. */
void g711_table(enum g711_law law, int16_t out[256]);

#endif
