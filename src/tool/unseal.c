#include "tool/unseal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etsi/decode.h"

struct unseal {
	struct sealer *sealer;
	struct seal_key key;
	struct wr text, pdu;
};

enum { LINE_SIZE = 256, DIGITS_192 = 48 };

static int read_key(struct seal_key *key, const char *path, struct why *why)
{
	FILE *file = fopen(path, "r");
	char line[LINE_SIZE] = "";
	int rc;

	why_place(why, path);
	if (!file)
		return why_set(why, err_of_errno(errno), "%s", strerror(errno));
	setvbuf(file, NULL, _IONBF, 0); /* no copy of the key stays behind */
	if (!fgets(line, sizeof line, file))
		line[0] = 0;
	fclose(file);
	line[strcspn(line, "\r\n")] = 0;
	rc = seal_key_parse(key, strlen(line) > DIGITS_192 + 2 ? "aes-256-cbc" : "aes-192-cbc",
			    line, why);
	explicit_bzero(line, sizeof line);
	return rc;
}

int unseal_new(struct unseal **out, const char *path, struct why *why)
{
	struct unseal *u = calloc(1, sizeof *u);
	int rc = u ? sealer_new(&u->sealer) : ERR_NOMEM;

	*out = u;
	if (rc)
		why_set(why, rc, "%s", err_text(rc));
	else
		rc = read_key(&u->key, path, why);
	if (rc) {
		unseal_free(out);
		return rc;
	}
	u->text = wr_init(ETSI_MAX_PDU + 64);
	u->pdu = wr_init(ETSI_MAX_PDU + 64);
	return 0;
}

void unseal_free(struct unseal **unseal)
{
	struct unseal *u = *unseal;

	if (!u)
		return;
	sealer_free(&u->sealer);
	seal_key_fini(&u->key);
	wr_fini(&u->text);
	wr_fini(&u->pdu);
	free(u);
	*unseal = NULL;
}

int unseal_open(struct unseal *u, const struct etsi_octets *pdu, struct etsi_octets *plain,
		uint64_t *counter, struct why *why)
{
	const struct seal seal = {u->sealer, &u->key, 0};
	struct etsi_record record;
	struct seal_opened opened;
	int rc;

	if (etsi_record_read(pdu->bytes, pdu->len, &record, NULL) ||
	    record.kind != ETSI_RECORD_ENCRYPTED)
		return ERR_ABSENT;
	wr_reset(&u->text);
	wr_reset(&u->pdu);
	rc = seal_open(&seal, &record, &u->text, &opened, why);
	if (!rc)
		rc = seal_plain_pdu(pdu, &opened, &u->pdu);
	if (rc)
		return rc;
	*plain = (struct etsi_octets){u->pdu.bytes, u->pdu.len};
	*counter = opened.counter;
	return 0;
}
